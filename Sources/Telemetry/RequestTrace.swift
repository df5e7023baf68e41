import JSON
import System

/// Records one request: its counts in the scoreboard, and one log line. The request's task owns it; child tasks access
/// it through `current`.
package final class RequestTrace: @unchecked Sendable {
    /// The trace of the request that the current task belongs to.
    @TaskLocal package static var current: RequestTrace?

    package let requestID: String
    /// The id of a scoped API key. The key itself is never logged.
    package var keyID: String?
    /// The number of requests in progress in the process, including this one.
    package let requestsInFlight: Int
    let timings = Timings()
    private let telemetry: ProcessTelemetry
    private let start = MonotonicClock.nanoseconds()

    private init(requestID: String, telemetry: ProcessTelemetry, requestsInFlight: Int) {
        self.requestID = requestID
        self.telemetry = telemetry
        self.requestsInFlight = requestsInFlight
    }

    /// Counts the request as in progress until `end`, which every path must call exactly once.
    package static func begin(requestID: String, telemetry: ProcessTelemetry) -> RequestTrace {
        RequestTrace(
            requestID: requestID, telemetry: telemetry, requestsInFlight: telemetry.scoreboard.beginRequest())
    }

    var log: Log { telemetry.log }
    var scoreboard: Scoreboard { telemetry.scoreboard }

    /// Counts and logs the end of the request.
    /// - Parameters:
    ///   - status: the HTTP status that was sent. A streamed response that fails midway has already sent 200.
    ///   - bytes: the length of the response's body.
    ///   - detail: the error's detail in the response.
    ///   - cause: why the request failed; written to the log but never sent to the client.
    package func end(
        _ outcome: RequestOutcome, status: Int, bytes: Int, detail: String? = nil, cause: String? = nil
    ) {
        let elapsed = MonotonicClock.nanoseconds() - start
        let isSlow = elapsed >= telemetry.slowMilliseconds * 1_000_000
        scoreboard.endRequest(outcome, nanoseconds: elapsed)
        if isSlow { scoreboard.add(.slowRequests) }
        log(outcome.status >= 500 ? .error : isSlow ? .warning : .info, "request") { json in
            json.member("request_id", requestID)
            json.member("key_id", ifAny: keyID.map { truncated($0, toBytes: 64) })
            json.member("status", status)
            json.member("outcome", outcome.name)
            json.member("ms", elapsed / 1_000_000)
            json.member("bytes", bytes)
            timings.writeCalls(to: &json)
            if isSlow {
                json.member("slow", true)
                timings.writeWaits(to: &json, requestMilliseconds: elapsed / 1_000_000)
            }
            json.member("cause", ifAny: cause.map { truncated($0, toBytes: maxErrorTextBytes) })
            json.member("detail", ifAny: detail.map { truncated($0, toBytes: maxErrorTextBytes) })
        }
    }

    // MARK: Events of the current request

    /// Counts the duration of the work as a wait for a transfer slot.
    package static func waitingForSlot<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        try await during(.slot, work)
    }

    /// Counts the duration of the work as a wait for the client to read the response.
    package static func waitingForClient<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        try await during(.client, work)
    }

    /// Sleeps before a retry or before the next poll.
    package static func pause(for duration: Duration) async throws {
        try await during(.pause) { try await Task.sleep(for: duration) }
    }

    /// - Parameter bytes: the image's size, or nil if it could not be copied.
    package static func countImage(bytes: Int?) {
        guard let trace = current else { return }
        trace.timings.countImage(bytes)
        trace.scoreboard.add(bytes == nil ? .failedImages : .copiedImages)
        if let bytes { trace.scoreboard.add(.relayedBytes, bytes) }
    }

    package static func countSignedURL() {
        current?.scoreboard.add(.signedURLs)
    }

    private static func during<Value>(_ wait: Timings.Wait, _ work: () async throws -> Value) async rethrows -> Value {
        guard let timings = current?.timings else { return try await work() }
        timings.begin(wait)
        defer { timings.end(wait) }
        return try await work()
    }
}
