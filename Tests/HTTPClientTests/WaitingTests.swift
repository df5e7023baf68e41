import TestSupport
import Testing

@testable import HTTPClient

/// Transfers that wait for others.
@Suite(.timeLimit(.minutes(1)))
struct WaitingTests {
    private func client(maxTransfers: Int) -> HTTPClient {
        HTTPClient(HTTPClient.Options(maxTransfers: maxTransfers, allowsHTTP2: true, authoritiesFile: nil))
    }

    /// Starts a request that waits for its response for a minute, unless it is cancelled. On return the client has it.
    private func start(_ client: HTTPClient, _ url: String) -> Task<Int, any Error> {
        Task.immediate { try await client.post(url, timeout: .seconds(60)).status }
    }

    @Test func `No more transfers run at once than there may be connections, and those that wait start in order`()
        async throws
    {
        let response = Step.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        let server = try ScriptedServer([.receive, .stall], [.receive, .stall], [.receive, response])
        var events = server.events.makeAsyncIterator()
        let client = client(maxTransfers: 2)
        var running: [Task<Int, any Error>] = []
        for number in 0..<2 {
            running.append(start(client, "\(server.url)/\(number)"))
            _ = await events.next()
        }
        let error = await #expect(throws: TransferError.self) {
            try await client.post("\(server.url)/late", timeout: .milliseconds(300))
        }
        #expect(error == .timeout)
        let cancelled = start(client, "\(server.url)/cancelled")
        cancelled.cancel()
        let cancellation = await #expect(throws: TransferError.self) { try await cancelled.value }
        #expect(cancellation == .cancelled)
        #expect(server.requests.count == 2)
        let next = start(client, "\(server.url)/next")
        running[0].cancel()
        #expect(try await next.value == 200)
        #expect(server.requests.count == 3 && server.requests[2].hasPrefix("POST /next "))
        running[1].cancel()
        for task in running { _ = try? await task.value }
    }

    @Test func `Of many transfers that may share a connection of HTTP/2, only one connects`() async throws {
        let server = try ScriptedServer([.stall])
        let client = client(maxTransfers: 8)
        let url = "https://127.0.0.1:\(server.port)"
        let first = start(client, url)
        for _ in 0..<3 {
            let error = await #expect(throws: TransferError.self) {
                try await client.post(url, timeout: .milliseconds(200))
            }
            #expect(error == .timeout)
        }
        first.cancel()
        _ = try? await first.value
        var events = server.events.makeAsyncIterator()
        #expect(await events.next() == .peerLeft(connection: 0))
        // The first one has ended, so the next one connects.
        _ = try? await client.post(url, timeout: .seconds(2))
        #expect(await events.next() == .peerLeft(connection: 1))
    }
}
