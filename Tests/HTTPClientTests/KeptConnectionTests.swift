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
    private let client = HTTPClient(HTTPClient.Options(maxTransfers: 8, allowsHTTP2: true, authoritiesFile: nil))

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

    /// OpenSSL decrypts a whole record, of which libcurl reads no more than the response has.
    @Test func `A kept TLS connection with unread bytes is not used again`() async throws {
        let directory = try TemporaryDirectory()
        let (certificate, key) = (directory.file("certificate"), directory.file("key"))
        let made = try ChildProcess.run(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=server"]
                + ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate])
        try #require(made.code == 0, "\(made.errors)")
        let script = """
            import socket, ssl, sys, threading
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            def serve(plain, responses):
                connection = context.wrap_socket(plain, server_side=True)
                for records in responses:
                    while b"{}" not in connection.recv(65536): pass
                    for record in records: connection.sendall(record)
                connection.recv(1)
            head = b"HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\n"
            for responses in [[[head, b"A" + head + b"X"], [b"Y"]], [[head + b"B"], [head + b"C"]]]:
                threading.Thread(target=serve, args=(listener.accept()[0], responses), daemon=True).start()
            threading.Event().wait()
            """
        let server = try ChildProcess("python3", ["-c", script, certificate, key], output: directory.file("port"))
        let url = try eventually("the server listens") { () -> String? in
            let port = (try? directory.read("port")) ?? ""
            return port.hasSuffix("\n") ? "https://127.0.0.1:\(port.dropLast())" : nil
        }
        let client = HTTPClient(
            HTTPClient.Options(maxTransfers: 8, allowsHTTP2: true, authoritiesFile: certificate))
        for expected in ["A", "B", "C"] {
            #expect(try await client.post(url).body == Array(expected.utf8))
        }
        withExtendedLifetime(server) {}
    }
}
