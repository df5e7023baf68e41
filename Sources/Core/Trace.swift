import Glibc

/// What one request leaves behind: its counts in the scoreboard and its log line. Owned by the request's task; the tasks it
/// starts find it as `current`.
package final class Trace: @unchecked Sendable {
    /// The trace of the request that the current task works for.
    @TaskLocal package static var current: Trace?

    static let clientWentAway = "client went away"

    let requestID: String
    var fault: Fault?
    /// Of a scoped key; the key itself is never told.
    var keyID: String?
    let times = Times()
    private let observation: Observation
    private let start = nanoseconds()

    /// More than MAX_IN_FLIGHT are under way with this one.
    let isOver: Bool

    init(requestID: String, observation: Observation, isOver: Bool) {
        self.requestID = requestID
        self.isOver = isOver
        self.observation = observation
    }

    var log: Log { observation.log }
    var scoreboard: Scoreboard { observation.scoreboard }

    /// - Parameter isSent: the caller has got the status already.
    func end(status: Int, bytes: Int, isSent: Bool = false) {
        let passed = nanoseconds() - start
        let isGone = fault?.cause == Self.clientWentAway
        let outcome: Outcome = isGone ? .clientWentAway : fault.map { .fault($0.kind) } ?? .ok
        let isSlow = passed >= observation.slowMilliseconds * 1_000_000
        scoreboard.end(outcome, nanoseconds: passed)
        if isSlow { scoreboard.add(.slowRequests) }
        let isOurs = outcome.name.status >= 500
        log(isOurs ? .error : isSlow ? .warning : .info, "request") { json in
            json.member("request_id", requestID)
            json.member("key_id", ifAny: keyID.map { cut($0, 64) })
            json.member("status", isGone && !isSent ? outcome.name.status : status)
            json.member("outcome", outcome.name.code)
            json.member("ms", passed / 1_000_000)
            json.member("bytes", bytes)
            times.writeCalls(to: &json)
            if isSlow {
                json.member("slow", true)
                times.writeWaits(to: &json, whole: passed / 1_000_000)
            }
            if !isGone { json.member("cause", ifAny: (fault?.cause).map { cut($0, 300) }) }
            json.member("detail", ifAny: (fault?.detail).map { cut($0, 300) })
        }
    }
}

/// Where a process's requests leave their traces.
final class Observation: Sendable {
    let log: Log
    let scoreboard: Scoreboard
    /// From here on a request is a slow one.
    let slowMilliseconds: Int

    init(log: Log, scoreboard: Scoreboard, slowMilliseconds: Int) {
        self.log = log
        self.scoreboard = scoreboard
        self.slowMilliseconds = slowMilliseconds
    }
}

extension Trace {
    /// Waits for a transfer's turn.
    package static func waitingForSlot<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        try await during(.slot, work)
    }

    /// Sleeps between two attempts, or two questions.
    package static func pause(for duration: Duration) async throws {
        try await during(.pause) { try await Task.sleep(for: duration) }
    }

    /// An image was copied, of so many bytes; nil: it was not.
    package static func image(bytes: Int?) {
        guard let trace = current else { return }
        trace.times.countImage(bytes)
        trace.scoreboard.add(bytes == nil ? .failedImages : .copiedImages)
        if let bytes { trace.scoreboard.add(.relayedBytes, bytes) }
    }

    static func during<Value>(_ kind: Times.Kind, _ work: () async throws -> Value) async rethrows -> Value {
        guard let times = current?.times else { return try await work() }
        times.begin(kind)
        defer { times.end(kind) }
        return try await work()
    }
}

func nanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int(now.tv_sec) * 1_000_000_000 + Int(now.tv_nsec)
}
