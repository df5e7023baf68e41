import Core
import Foundation
import R2
import SigV4
import TestSupport
import Testing

@testable import Relay

private let gif = "GIF89a" + String(repeating: "x", count: 100)

private func answer(_ status: String, _ body: String = "", _ headers: String = "") -> ScriptedServer.Step {
    .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
}

private func chunked(_ body: String, _ headers: String = "") -> ScriptedServer.Step {
    let size = String(body.utf8.count, radix: 16)
    return .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\(headers)\r\n\(size)\r\n\(body)\r\n0\r\n\r\n")
}

@Suite("Images copied from a CDN into the bucket", .timeLimit(.minutes(1)))
struct ImageRelayTests {
    private let bucket: ScriptedServer

    init() throws {
        bucket = try ScriptedServer([.receive, answer("200 OK")])
    }

    private func relay(_ servers: ScriptedServer..., environment: [String: String] = [:]) throws -> ImageRelay {
        var environment = environment
        environment["OZON_IMAGE_HOSTS"] = servers.map(\.url).joined(separator: ",")
        var settings = Settings { [environment] in environment[$0] }
        let made = ImageRelay(
            &settings,
            Bucket(
                endpoint: bucket.url, host: "127.0.0.1:\(bucket.port)", name: "bucket",
                credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "secret"),
                publicBase: "https://pictures.example"))
        return try #require(made)
    }

    private func copy(
        _ server: ScriptedServer, also other: ScriptedServer? = nil, _ environment: [String: String] = [:]
    ) async throws -> String? {
        let relay =
            if let other { try relay(server, other, environment: environment) } else {
                try relay(server, environment: environment)
            }
        do {
            try await relay.copy(server.url + "/a", to: try ObjectKey("users/a.jpg"))
        } catch let failure as ImageRelay.Failure {
            return failure.reason
        }
        return nil
    }

    private var stored: Substring? {
        bucket.requests.first.flatMap { text in text.range(of: "\r\n\r\n").map { text[$0.upperBound...] } }
    }

    @Test("an image is stored whole, with the type of its bytes and not of its name or header")
    func copied() async throws {
        let server = try ScriptedServer([.receive, answer("200 OK", gif, "Content-Type: text/html\r\n")])
        #expect(try await copy(server) == nil)
        #expect(bucket.requests.first?.hasPrefix("PUT /bucket/users/a.jpg HTTP/1.1\r\n") == true)
        #expect(bucket.requests.first?.lowercased().contains("\r\ncontent-type: image/gif\r\n") == true)
        #expect(stored == Substring(gif))
    }

    @Test(
        "an image of unknown length is stored whole, a length beside the chunks notwithstanding",
        arguments: ["", "Content-Length: 10\r\n"])
    func spooled(_ header: String) async throws {
        #expect(try await copy(try ScriptedServer([.receive, chunked(gif, header)])) == nil)
        #expect(stored == Substring(gif))
    }

    @Test("what is no image is not stored", arguments: ["<html>not an image</html>", "", "GIF"])
    func noImage(_ body: String) async throws {
        #expect(try await copy(try ScriptedServer([.receive, answer("200 OK", body)])) == "Not an image")
        #expect(bucket.requests.isEmpty)
    }

    @Test("an image too large is not stored, its length declared or not")
    func tooLarge() async throws {
        let limit = ["MAX_IMAGE_BYTES": "105"]
        for step in [answer("200 OK", gif), chunked(gif)] {
            #expect(try await copy(try ScriptedServer([.receive, step]), limit) == "Too large")
        }
        #expect(bucket.requests.isEmpty)
        for step in [answer("200 OK", gif), chunked(gif)] {
            #expect(try await copy(try ScriptedServer([.receive, step]), ["MAX_IMAGE_BYTES": "106"]) == nil)
        }
    }

    @Test("what may pass is tried again, the download included")
    func again() async throws {
        let server = try ScriptedServer([.receive, answer("503 Busy")], [.receive, answer("200 OK", gif)])
        #expect(try await copy(server) == nil)
        #expect(stored == Substring(gif))
    }

    @Test(
        "what can't pass is told at once",
        arguments: ["404 Not Found", "403 Forbidden", "206 Partial Content", "304 X"])
    func refused(_ status: String) async throws {
        let server = try ScriptedServer([.receive, answer(status, gif)])
        #expect(try await copy(server) == "HTTP \(status.prefix(3))")
        #expect(server.requests.count == 1 && bucket.requests.isEmpty)
    }

    @Test("a redirect within the allowed hosts is followed, at most three")
    func redirected() async throws {
        let target = try ScriptedServer([.receive, answer("200 OK", gif)])
        let moved = answer("302 Found", "", "Location: \(target.url)/b\r\n")
        let here = answer("301 Moved", "gone", "Location: /b\r\n")
        let server = try ScriptedServer([.receive, here, .receive, here, .receive, moved])
        #expect(try await copy(server, also: target) == nil)
        #expect(server.requests.map { $0.components(separatedBy: " ")[1] } == ["/a", "/b", "/b"])
        #expect(stored == Substring(gif))
    }

    @Test("a fourth redirect is not followed")
    func tooMany() async throws {
        let step = answer("307 Temporary Redirect", "", "Location: /b\r\n")
        let server = try ScriptedServer([.receive, step, .receive, step, .receive, step, .receive, step, .receive])
        #expect(try await copy(server) == "Too many redirects")
        #expect(server.requests.count == 4 && bucket.requests.isEmpty)
    }

    @Test("a redirect to another host, or to nowhere, is not followed")
    func elsewhere() async throws {
        let other = try ScriptedServer([.receive, answer("200 OK", gif)])
        for (location, reason) in [
            ("\(other.url)/b", "Host not allowed"), ("https://127.0.0.1/", "Host not allowed"),
            ("file:///etc/passwd", "HTTP 302 without a place to go"),
            ("//127.0.0.1:\(other.port)/", "HTTP 302 without a place to go"),
        ] {
            let server = try ScriptedServer([.receive, answer("302 Found", "", "Location: \(location)\r\n")])
            #expect(try await copy(server) == reason, "\(location)")
        }
        #expect(try await copy(try ScriptedServer([.receive, answer("302 X")])) == "HTTP 302 without a place to go")
        #expect(other.requests.isEmpty && bucket.requests.isEmpty)
    }
}
