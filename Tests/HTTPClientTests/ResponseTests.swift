import Encoding
import Foundation
import HTTPClient
import TestSupport
import Testing

typealias Step = ScriptedServer.Step

let plainClient = HTTPClient(HTTPClient.Options(maxTransfers: 64, allowsHTTP2: true, authoritiesFile: nil))

extension HTTPClient {
    func post(
        _ url: String, _ body: String = "{}", headers: Headers = [:], timeout: Duration = .seconds(10),
        maxResponseBytes: Int = 1 << 20
    ) async throws(TransferError) -> Response {
        try await send(
            Request(
                "POST", url, headers: headers, body: .bytes(Array(body.utf8)), timeout: timeout,
                maxResponseBytes: maxResponseBytes))
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ResponseTests {
    private let client = plainClient

    @Test func `A POST is sent with the caller's headers and body and without Expect`() async throws {
        let server = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")])
        let body = #"{"a": "\#(String(repeating: "я", count: 3000))"}"#
        _ = try await client.post(
            "\(server.url)/v3/x?y=1", body, headers: ["Client-Id": "7", "Content-Type": "application/json"])
        var events = server.events.makeAsyncIterator()
        guard case .request(_, let request) = await events.next() else { throw CancellationError() }
        #expect(request.hasPrefix("POST /v3/x?y=1 HTTP/1.1\r\n"))
        #expect(request.contains("\r\nHost: 127.0.0.1:\(server.port)\r\n"))
        #expect(request.contains("\r\nClient-Id: 7\r\n"))
        #expect(request.contains("\r\nContent-Type: application/json\r\n"))
        #expect(!request.lowercased().contains("\r\nexpect:"))
        #expect(request.hasSuffix("\r\n\r\n\(body)"))
    }

    @Test(arguments: [
        "HTTP/1.1 409 Conflict\r\nX-A: b \r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 409 Conflict\r\nx-a:\t b\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nHTTP/1.1 x: y\r\nX-A: c\r\nX-B: b\r\n\r\n",
        "HTTP/1.1 409 Conflict\r\nX-A: b\r\n\r\nhello",
        "HTTP/1.0 409 Conflict\r\nX-A: b\r\n\r\nhello",
        "HTTP/1.1 409 Conflict\r\nX-B : c\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\nX-A: a\r\n\r\nHTTP/1.1 409 Conflict\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 103 Early Hints\r\nX-A: a\r\nX-B: b\r\n\r\n"
            + "HTTP/1.1 409 X\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
    ])
    func `The status, headers and body of a response are parsed`(_ wire: String) async throws {
        let server = try ScriptedServer([.receive, .send(wire)])
        let response = try await client.post(server.url)
        #expect(response.status == 409)
        #expect(response.headers["X-A"] == "b")
        #expect(response.headers["X-B"] == nil, "those of a 1xx response, trailers and others")
        #expect(text(response.body) == "hello")
    }

    @Test func `A redirect is returned and not followed`() async throws {
        let server = try ScriptedServer([
            .receive, .send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), .receive,
            .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ])
        #expect(try await client.post(server.url).status == 302)
    }

    @Test func `A connection is reused, and a new one is opened if the server has closed it`() async throws {
        let step = Step.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        let server = try ScriptedServer([.receive, step, .receive, step], [.receive, step])
        var events = server.events.makeAsyncIterator()
        // Not the shared client, in whose pool other tests' connections may displace an idle one.
        let client = HTTPClient(HTTPClient.Options(maxTransfers: 4, allowsHTTP2: false, authoritiesFile: nil))
        for connection in [0, 0, 1] {
            // If the connection closes while a request is being sent on it, the call fails and is not sent again.
            var response = try? await client.post(server.url)
            if response == nil, connection == 1 { response = try await client.post(server.url) }
            #expect(response?.status == 200)
            guard case .request(connection, _) = await events.next() else {
                Issue.record("the request was not sent on connection \(connection)")
                return
            }
        }
    }

    @Test func `A request is sent only once, even if the connection that is reused for it is reset`() async throws {
        let step = Step.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        for method in ["GET", "POST"] {
            let server = try ScriptedServer([.receive, step, .receive, .reset], [.receive, step])
            let client = HTTPClient(HTTPClient.Options(maxTransfers: 4, allowsHTTP2: false, authoritiesFile: nil))
            let request = HTTPClient.Request(
                method, server.url, headers: [:], body: method == "POST" ? .bytes([]) : .none, timeout: .seconds(10),
                maxResponseBytes: 1 << 20)
            #expect(try await client.send(request).status == 200)
            await #expect(throws: TransferError.self) { try await client.send(request) }
            #expect(server.requests.count == 2, "\(method)")
        }
    }

    @Test func `Each of many concurrent requests gets its own response`() async throws {
        let response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
        let server = try ScriptedServer([.receive, .send(response)])
        let client = client
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await client.post(server.url).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 100))
    }
}
