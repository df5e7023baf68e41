import Foundation
import TestSupport
import Testing

@testable import HTTPClient

private func response(_ body: String) -> Step {
    .send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
}

/// Connections that are used again.
@Suite(.timeLimit(.minutes(1)))
struct KeptConnectionTests {
    private let client = HTTPClient(HTTPClient.Options(maxTransfers: 8, speaksHTTP2: true, authoritiesFile: nil))

    @Test func `A kept connection serves one request after another`() async throws {
        let server = try ScriptedServer([.receive, response("A"), .receive, response("B"), .receive, response("C")])
        for expected in ["A", "B", "C"] {
            #expect(try await client.post(server.url).body == Array(expected.utf8))
        }
    }

    /// An answer that nobody requested must not become the answer to the next request, which may be another caller's.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nX", "HTTP/1.1 408 Request Timeout\r\n\r\n", "\r\n", "X",
    ])
    func `A kept connection on which something has arrived is not used again`(_ stray: String) async throws {
        let (isAnswered, isSent) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let server = try ScriptedServer(
            [
                .receive, response("A"), .run { isAnswered.wait() }, .send(stray), .run { isSent.signal() },
                .receive, response("Y"),
            ], [.receive, response("B"), .receive, response("C")])
        #expect(try await client.post(server.url).body == Array("A".utf8))
        isAnswered.signal()
        isSent.wait()
        for expected in ["B", "C"] {
            #expect(try await client.post(server.url).body == Array(expected.utf8))
        }
        #expect(server.requests.count == 3)
    }
}
