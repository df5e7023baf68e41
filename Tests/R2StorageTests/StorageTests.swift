import Foundation
import R2
import SigV4
import TestSupport
import Testing

@testable import HTTPClient
@testable import R2Storage

private func storage(_ server: ScriptedServer) -> Storage {
    Storage(
        HTTPClient(HTTPClient.Options(maxConnections: 8, speaksHTTP2: false, authorities: nil)),
        Bucket(
            endpoint: server.url, host: "127.0.0.1:\(server.port)", name: "bucket",
            credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "s3cretNeverShown"),
            publicBase: "https://pictures.example"))
}

private func reply(_ status: String, _ body: String = "") -> ScriptedServer.Step {
    .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
}

@Suite("The bucket, called", .timeLimit(.minutes(1)))
struct StorageTests {
    @Test("an object is put under its encoded key, with its type and length, signed, and nothing R2 refuses")
    func put() async throws {
        let server = try ScriptedServer([.receive, reply("200 OK")])
        try await storage(server).put(
            try ObjectKey("users/é a.jpg"), .bytes(Array("hello".utf8)), contentType: "image/jpeg",
            milliseconds: 10_000, attempt: 1)
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("PUT /bucket/users/%C3%A9%20a.jpg HTTP/1.1\r\n"))
        let lines = request.lowercased().components(separatedBy: "\r\n")
        for line in [
            "host: 127.0.0.1:\(server.port)", "content-type: image/jpeg", "content-length: 5",
            "x-amz-content-sha256: unsigned-payload",
        ] { #expect(lines.filter { $0 == line }.count == 1, "\(line)") }
        #expect(request.contains("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature="))
        #expect(request.hasSuffix("\r\n\r\nhello"))
        for name in ["expect", "transfer-encoding", "x-amz-checksum", "x-amz-sdk", "x-amz-acl"] {
            #expect(!lines.contains { $0.hasPrefix(name) }, "\(name)")
        }
        #expect(!request.contains("NeverShown"))
    }

    @Test("whether an object stands: 200 is yes, 404 is no, anything else is an error")
    func contains() async throws {
        let key = try ObjectKey("users/a")
        let there = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")])
        #expect(try await storage(there).contains(key, milliseconds: 10_000, attempt: 1))
        #expect(there.requests.first?.hasPrefix("HEAD /bucket/users/a HTTP/1.1\r\n") == true)
        let absent = try ScriptedServer([.receive, reply("404 Not Found")])
        #expect(try await !storage(absent).contains(key, milliseconds: 10_000, attempt: 1))
        let denied = try ScriptedServer([.receive, reply("403 Forbidden")])
        await #expect(throws: StorageError.refused(403, code: nil)) {
            try await storage(denied).contains(key, milliseconds: 10_000, attempt: 1)
        }
    }

    @Test("a refusal carries R2's code, and is not tried again here")
    func refused() async throws {
        let server = try ScriptedServer([
            .receive, reply("503 Slow Down", "<Error><Code>ServiceUnavailable</Code></Error>"), .receive,
            reply("200 OK"),
        ])
        await #expect(throws: StorageError.refused(503, code: "ServiceUnavailable")) {
            try await storage(server).put(
                try ObjectKey("a"), .bytes([]), contentType: "image/png", milliseconds: 10_000, attempt: 1)
        }
        #expect(server.requests.count == 1)
    }

    @Test("silence is a timeout")
    func silence() async throws {
        let server = try ScriptedServer([.stall])
        await #expect(throws: StorageError.timeout) {
            try await storage(server).contains(try ObjectKey("a"), milliseconds: 200, attempt: 1)
        }
    }
}
