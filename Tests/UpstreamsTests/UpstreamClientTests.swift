import HTTPClient
import TestSupport
import Testing
import Upstreams

@testable import Telemetry

private let options = HTTPClient.Options(maxTransfers: 4, allowsHTTP2: false, authoritiesFile: nil)

/// The number of calls by their results that the scoreboard has after the work, which is done within a request.
private func counted(
    _ work: @Sendable (UpstreamClient) async throws -> Void
) async throws -> [UpstreamCall.Result: Int] {
    let scoreboard = Scoreboard(endpoint: "test")
    let log = Log(endpoint: "test", level: .error, sink: LogSink(2))
    let telemetry = ProcessTelemetry(log: log, scoreboard: scoreboard, slowMilliseconds: 60_000)
    try await RequestTrace.$current.withValue(RequestTrace.begin(requestID: "r", telemetry: telemetry)) {
        try await work(UpstreamClient(.r2, HTTPClient(options)))
    }
    let snapshot = try #require(scoreboard.snapshots().readable.first)
    #expect(snapshot.calls(.ozon, .ok) + snapshot.calls(.cdn, .ok) == 0)
    let counts = UpstreamCall.Result.allCases.map { ($0, snapshot.calls(.r2, $0)) }.filter { $0.1 > 0 }
    #expect(snapshot.latency(.r2).count == counts.map(\.1).reduce(0, +))
    return Dictionary(uniqueKeysWithValues: counts)
}

private func call(_ url: String, timeout: Duration = .seconds(10), maxResponseBytes: Int = 1000) -> HTTPClient.Request {
    HTTPClient.Request("GET", url, headers: [:], timeout: timeout, maxResponseBytes: maxResponseBytes)
}

@Suite(.timeLimit(.minutes(1)))
struct UpstreamClientTests {
    @Test func `A call is counted by its status, or by its error without a response`() async throws {
        let good = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")])
        let refusing = try ScriptedServer([.receive, .send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")])
        let failing = try ScriptedServer([.receive, .send("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")])
        let silent = try ScriptedServer([.receive, .stall])
        let resetting = try ScriptedServer([.receive, .reset])
        let counts = try await counted { client in
            for server in [good, refusing, failing, resetting] {
                _ = try? await client.send(call(server.url), attempt: 1)
            }
            _ = try? await client.send(call(silent.url, timeout: .milliseconds(50)), attempt: 1)
            _ = try? await client.send(call("http://127.0.0.1:\(try closedPort())/"), attempt: 1)
            _ = try? await client.send(call(good.url, maxResponseBytes: 1), attempt: 1)
        }
        #expect(counts == [.ok: 1, .refused: 1, .failed: 1, .broken: 2, .timeout: 1, .unreachable: 1])
    }

    @Test func `A cancelled call is counted as cancelled`() async throws {
        let silent = try ScriptedServer([.receive, .stall])
        let counts = try await counted { client in
            let task = Task { try await client.send(call(silent.url), attempt: 1) }
            while silent.requests.isEmpty { await Task.yield() }
            task.cancel()
            _ = try? await task.value
        }
        #expect(counts == [.cancelled: 1])
    }

    @Test func `A download lasts until end() and is counted by how its body ended`() async throws {
        let good = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")])
        let short = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")])
        let absent = try ScriptedServer([.receive, .send("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")])
        let unread = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), .stall,
        ])
        let counts = try await counted { client in
            for server in [good, short, absent, unread] {
                let pipe = Pipe(maxBytes: 100)
                let download = try await client.download(call(server.url), into: pipe, attempt: 1)
                let isRead = [good.url, short.url].contains(server.url)
                while isRead, case let more? = try? await pipe.next(), !more.isEmpty {}
                download.end()
                pipe.close()
            }
        }
        #expect(counts == [.ok: 1, .broken: 2, .refused: 1])
    }

    @Test func `Calls outside a request work and are not counted`() async throws {
        let good = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")])
        #expect(try await UpstreamClient(.cdn, HTTPClient(options)).send(call(good.url), attempt: 1).status == 200)
    }
}
