import FastCGI
import Foundation
import TestSupport
import Testing

@testable import Core
@testable import Telemetry

/// The log lines of one request at level debug.
private func lines(
    slowMilliseconds: Int = 3_600_000, _ scoreboard: Scoreboard = Scoreboard(endpoint: "test"),
    _ handle: @escaping Handle
) async throws -> [[String: Any]] {
    let directory = try TemporaryDirectory()
    let file = open(directory.file("log"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(file) }
    let sink = LogSink(file)
    let requests = RequestPipeline<Input, Output>(
        tools: NoTools(), keys: APIKeys(["key"]), maxInFlight: 1,
        telemetry: telemetry(
            scoreboard, slowMilliseconds: slowMilliseconds, level: .debug, sink: sink))
    let request = Request(
        parameters: Parameters(goodRequest.map { ($0, $1) }), body: .bytes(Array(#"{"name":"x"}"#.utf8)))
    _ = try await Reply(requests.handler(handle)(request))
    sink.flush()
    return try directory.read("log").split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
}

@Suite struct RequestLogTests {
    @Test func `Upstream calls are counted and logged one by one without their queries`() async throws {
        let scoreboard = Scoreboard(endpoint: "test")
        let lines = try await lines(scoreboard) { _, _ in
            // In child tasks, like the copies of ozon-download.
            await withTaskGroup(of: Void.self) { group in
                for attempt in 1...2 {
                    group.addTask {
                        UpstreamCall(.r2, "PUT", "https://h/k.jpg?X-Amz-Signature=abc#x", attempt: attempt).end(
                            status: attempt == 1 ? 503 : 200, sent: 9, received: 1)
                    }
                }
            }
            await Task {
                UpstreamCall(.ozon, "POST", "https://o/v3", attempt: 1).end(
                    status: nil, failure: .timeout, sent: 2, received: 0, cause: "it took too long")
            }.value
            return Output()
        }
        let calls = lines.filter { $0["message"] as? String == "upstream call" }
        #expect(calls.count == 3)
        #expect(calls.allSatisfy { $0["request_id"] as? String == "abc-123" && $0["level"] as? String == "debug" })
        let put = try #require(calls.first { $0["attempt"] as? Int == 2 })
        #expect(put["url"] as? String == "https://h/k.jpg")
        #expect((put["upstream"] as? String, put["outcome"] as? String) == ("r2", "ok"))
        #expect((put["status"] as? Int, put["sent"] as? Int, put["received"] as? Int) == (200, 9, 1))
        #expect(calls.contains { $0["cause"] as? String == "it took too long" && $0["status"] == nil })
        let line = try #require(lines.last)
        #expect((line["r2_calls"] as? Int, line["ozon_calls"] as? Int, line["retries"] as? Int) == (2, 1, 1))
        #expect(line["r2_ms"] is Int && line["cdn_calls"] == nil && line["slow"] == nil)
        let snapshot = try #require(scoreboard.snapshots().readable.first)
        #expect((snapshot.calls(.r2, .ok), snapshot.calls(.r2, .failed), snapshot.calls(.ozon, .timeout)) == (1, 1, 1))
    }

    @Test(arguments: [
        ("GET", 200, UpstreamCall.Result.ok), ("GET", 302, .ok), ("HEAD", 404, .ok), ("GET", 404, .refused),
        ("HEAD", 403, .refused), ("PUT", 429, .refused), ("PUT", 500, .failed), ("GET", 503, .failed),
    ])
    func `The status of a response determines the result of the call`(
        _ method: String, _ status: Int, _ result: UpstreamCall.Result
    ) async throws {
        let scoreboard = Scoreboard(endpoint: "test")
        _ = try await lines(scoreboard) { _, _ in
            UpstreamCall(.cdn, method, "http://h", attempt: 1).end(status: status, sent: 0, received: 0)
            return Output()
        }
        let snapshot = try #require(scoreboard.snapshots().readable.first)
        #expect(UpstreamCall.Result.allCases.filter { snapshot.calls(.cdn, $0) > 0 } == [result])
    }

    @Test func `A slow request is logged as a warning that shows where the time was spent`() async throws {
        let scoreboard = Scoreboard(endpoint: "test")
        let lines = try await lines(slowMilliseconds: 30, scoreboard) { _, _ in
            try await RequestTrace.pause(for: .milliseconds(40))
            return Output()
        }
        let line = try #require(lines.last)
        #expect(line["slow"] as? Bool == true)
        #expect(line["level"] as? String == "warning")
        #expect(try #require(line["pause_ms"] as? Int) >= 40)
        for name in ["slot_ms", "client_ms", "own_ms"] { #expect(line[name] is Int, "\(name)") }
        #expect(scoreboard.snapshots().readable.first?[.slowRequests] == 1)
        let quick = try await CoreTests.lines(slowMilliseconds: 60_000, scoreboard) { _, _ in Output() }
        #expect(quick.last?["slow"] == nil && quick.last?["level"] as? String == "info")
        #expect(scoreboard.snapshots().readable.first?[.slowRequests] == 1)
    }

    @Test func `The calls and the slow reader of a streamed response count too`() async throws {
        let lines = try await lines(slowMilliseconds: 1) { _, _ in
            Output(lines: { writer in
                UpstreamCall(.ozon, "POST", "https://o/v3", attempt: 1).end(status: 200, sent: 0, received: 0)
                try await RequestTrace.pause(for: .milliseconds(5))
                try await writer.line { $0.member("n", 1) }
                RequestTrace.countImage(bytes: 5)
                RequestTrace.countImage(bytes: nil)
            })
        }
        let line = try #require(lines.last)
        #expect(line["ozon_calls"] as? Int == 1 && line["slow"] as? Bool == true)
        #expect((line["images_copied"] as? Int, line["images_failed"] as? Int) == (1, 1))
        #expect(line["relayed_bytes"] as? Int == 5 && line["client_ms"] is Int)
    }

    @Test func `A disconnected caller is logged as 499 and not as an internal error`() async throws {
        let scoreboard = Scoreboard(endpoint: "test")
        let lines = try await lines(scoreboard) { _, _ in throw CancellationError() }
        let line = try #require(lines.last)
        #expect(line["status"] as? Int == 499 && line["outcome"] as? String == "CLIENT_WENT_AWAY")
        #expect(line["level"] as? String == "info")
        let snapshot = try #require(scoreboard.snapshots().readable.first)
        #expect(snapshot[.error(.clientClosedRequest)] == 1 && snapshot[.error(.internalError)] == 0)
    }

    @Test func `The longest texts still fit into a line that a pipe accepts in one write`() async throws {
        let escaped = String(repeating: "\u{1}", count: 5000)
        let lines = try await lines { _, _ in
            UpstreamCall(.ozon, "POST", "https://o/" + String(repeating: "\"", count: 5000), attempt: 1).end(
                status: nil, failure: .broken, sent: 0, received: 0, cause: String(repeating: "\"", count: 5000))
            throw Fault(.internalError, detail: escaped, cause: String(repeating: "\\", count: 5000))
        }
        #expect(lines.count == 2, "no line was dropped")
    }
}
