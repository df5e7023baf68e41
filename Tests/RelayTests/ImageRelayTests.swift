import Core
import Foundation
import JSON
import R2
import SigV4
import TestSupport
import Testing

@testable import Relay
@testable import Telemetry
@testable import Upstreams

private let gif = "GIF89a" + String(repeating: "x", count: 100)

private func response(_ status: String, _ body: String = "", _ headers: String = "") -> ScriptedServer.Step {
    .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
}

private func chunked(_ body: String, _ headers: String = "") -> ScriptedServer.Step {
    let size = String(body.utf8.count, radix: 16)
    return .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\(headers)\r\n\(size)\r\n\(body)\r\n0\r\n\r\n")
}

@Suite(.timeLimit(.minutes(1)))
struct ImageRelayTests {
    private let bucket: ScriptedServer

    init() throws {
        bucket = try ScriptedServer([.receive, response("200 OK", "", "ETag: \"ab\"\r\n")])
    }

    private func relay(
        _ servers: ScriptedServer..., environment: [String: String] = [:], storedIn other: ScriptedServer? = nil
    ) throws -> ImageRelay {
        let bucket = other ?? bucket
        var environment = environment
        if !servers.isEmpty { environment["OZON_IMAGE_HOSTS"] = servers.map(\.url).joined(separator: ",") }
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
            _ = try await relay.copy(server.url + "/a", to: try AllowedPrefixes.all.key("users/a.jpg"))
        } catch let failure as CopyFailure {
            return failure.reason
        }
        return nil
    }

    private var stored: Substring? {
        bucket.requests.first.flatMap { text in text.range(of: "\r\n\r\n").map { text[$0.upperBound...] } }
    }

    @Test func `An image is stored completely, with the type its bytes have`() async throws {
        let server = try ScriptedServer([.receive, response("200 OK", gif, "Content-Type: text/html\r\n")])
        #expect(try await copy(server) == nil)
        #expect(bucket.requests.first?.hasPrefix("PUT /bucket/users/a.jpg HTTP/1.1\r\n") == true)
        #expect(bucket.requests.first?.lowercased().contains("\r\ncontent-type: image/gif\r\n") == true)
        #expect(stored == Substring(gif))
    }

    @Test func `An image without an ETag from R2 is not stored`() async throws {
        let server = try ScriptedServer([.receive, response("200 OK", gif)])
        let page = try ScriptedServer([.receive, response("200 OK", "<html></html>")])
        let error = await #expect(throws: CopyFailure.self) {
            try await relay(server, storedIn: page).copy(server.url + "/a", to: try key())
        }
        #expect(error?.reason == "Storage unavailable" && error?.detail == "The response could not be read")
        #expect(page.requests.count == 1)
    }

    @Test(arguments: ["", "Content-Length: 10\r\n"])
    func `An image of unknown length is stored completely, even with a Content-Length beside the chunks`(
        _ header: String
    ) async throws {
        #expect(try await copy(try ScriptedServer([.receive, chunked(gif, header)])) == nil)
        #expect(stored == Substring(gif))
    }

    @Test(arguments: ["Content-Length: 100", "Content-Length: 106, 106", "Content-Length: +106", "Content-Length: x"])
    func `An image with a second or invalid Content-Length is not stored`(_ header: String) async throws {
        for first in ["", "Content-Length: \(gif.utf8.count)\r\n"] where !(first.isEmpty && header.hasSuffix(" 100")) {
            let step = ScriptedServer.Step.send("HTTP/1.1 200 OK\r\n\(first)\(header)\r\n\r\n\(gif)")
            #expect(try await copy(try ScriptedServer([.receive, step])) != nil, "\(first)\(header)")
        }
        #expect(bucket.requests.isEmpty)
    }

    @Test(arguments: ["<html>not an image</html>", "", "GIF"])
    func `Data that is not an image is not stored`(_ body: String) async throws {
        #expect(try await copy(try ScriptedServer([.receive, response("200 OK", body)])) == "Not an image")
        #expect(bucket.requests.isEmpty)
    }

    @Test func `An image over the limit is not stored, with or without a declared length`() async throws {
        let limit = ["MAX_IMAGE_BYTES": "105"]
        for step in [response("200 OK", gif), chunked(gif)] {
            #expect(try await copy(try ScriptedServer([.receive, step]), limit) == "Too large")
        }
        #expect(bucket.requests.isEmpty)
        for step in [response("200 OK", gif), chunked(gif)] {
            #expect(try await copy(try ScriptedServer([.receive, step]), ["MAX_IMAGE_BYTES": "106"]) == nil)
        }
    }

    @Test func `A transient failure is retried, including the download`() async throws {
        let server = try ScriptedServer([.receive, response("503 Busy")], [.receive, response("200 OK", gif)])
        #expect(try await copy(server) == nil)
        #expect(stored == Substring(gif))
    }

    @Test(arguments: ["404 Not Found", "403 Forbidden", "206 Partial Content", "304 X"])
    func `A permanent failure is reported without a retry`(_ status: String) async throws {
        let server = try ScriptedServer([.receive, response(status, gif)])
        #expect(try await copy(server) == "HTTP \(status.prefix(3))")
        #expect(server.requests.count == 1 && bucket.requests.isEmpty)
    }

    @Test func `Up to three redirects within the allowed hosts are followed`() async throws {
        let target = try ScriptedServer([.receive, response("200 OK", gif)])
        let moved = response("302 Found", "", "Location: \(target.url)/b\r\n")
        let here = response("301 Moved", "gone", "Location: /b\r\n")
        let server = try ScriptedServer([.receive, here, .receive, here, .receive, moved])
        #expect(try await copy(server, also: target) == nil)
        #expect(server.requests.map { $0.components(separatedBy: " ")[1] } == ["/a", "/b", "/b"])
        #expect(stored == Substring(gif))
    }

    @Test func `A fourth redirect is not followed`() async throws {
        let step = response("307 Temporary Redirect", "", "Location: /b\r\n")
        let server = try ScriptedServer([.receive, step, .receive, step, .receive, step, .receive, step, .receive])
        #expect(try await copy(server) == "Too many redirects")
        #expect(server.requests.count == 4 && bucket.requests.isEmpty)
    }

    @Test func `A redirect to a forbidden host or without a valid Location is not followed`() async throws {
        let other = try ScriptedServer([.receive, response("200 OK", gif)])
        for (location, reason) in [
            ("\(other.url)/b", "Host not allowed: not in OZON_IMAGE_HOSTS"),
            ("https://127.0.0.1/", "Host not allowed: not in OZON_IMAGE_HOSTS"),
            ("file:///etc/passwd", "HTTP 302 without a valid Location"),
            ("https://u@127.0.0.1/", "Invalid URL format"), ("\\\\127.0.0.1/", "Invalid URL format"),
            ("//127.0.0.1:\(other.port)/", "Host not allowed: not in OZON_IMAGE_HOSTS"),
        ] {
            let server = try ScriptedServer([.receive, response("302 Found", "", "Location: \(location)\r\n")])
            #expect(try await copy(server) == reason, "\(location)")
        }
        #expect(
            try await copy(try ScriptedServer([.receive, response("302 X")])) == "HTTP 302 without a valid Location")
        #expect(other.requests.isEmpty && bucket.requests.isEmpty)
    }

    @Test func `A host of the list is not connected to if its address is not public`() async throws {
        let relay = try relay(environment: ["OZON_IMAGE_HOSTS": "localhost"])
        let failure = await #expect(throws: CopyFailure.self) {
            try await relay.copy("https://localhost/a", to: try AllowedPrefixes.all.key("users/a.jpg"))
        }
        #expect(failure?.reason == "Host not allowed: its address isn't public")
        #expect(bucket.requests.isEmpty)
    }

    @Test(arguments: ["b.gif", "./b.gif", "../b.gif", "?q", "/s3/b.gif#x", "//HOST/b.gif", "HTTP://HOST/b.gif"])
    func `Every form of redirect is followed`(_ location: String) async throws {
        let target = try ScriptedServer([.receive, response("200 OK", gif)])
        let isElsewhere = location.contains("HOST")
        let targetURL = location.replacingOccurrences(of: "HOST", with: "127.0.0.1:\(target.port)")
        let moved = response("302 Found", "", "Location: \(targetURL)\r\n")
        let server = try ScriptedServer([.receive, moved, .receive, response("200 OK", gif)])
        #expect(try await copy(server, also: target) == nil)
        #expect(server.requests.count == (isElsewhere ? 1 : 2))
        #expect(stored == Substring(gif))
    }

    @Test(arguments: ["500 Broken", "502 Bad Gateway", "503 Busy", "429 Slow down"])
    func `A failure with a large body is retried like one with a small body`(_ status: String) async throws {
        let body = String(repeating: "x", count: 300_000)
        let server = try ScriptedServer([.receive, response(status, body)], [.receive, response("200 OK", gif)])
        #expect(try await copy(server) == nil)
        #expect(stored == Substring(gif))
    }

    @Test func `A failure with an endless body is reported at once`() async throws {
        let head = "HTTP/1.1 404 Not Found\r\nContent-Length: 100000000\r\n\r\nhello"
        let server = try ScriptedServer([.receive, .send(head), .stall])
        let start = ContinuousClock.now
        #expect(try await copy(server, ["IMAGE_TIMEOUT": "300"]) == "HTTP 404")
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func `The connection of a redirect whose body does not end is closed`() async throws {
        let head = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nx"
        let server = try ScriptedServer([.receive, .send(head), .stall], [.receive, response("200 OK", gif), .stall])
        #expect(try await copy(server, ["IMAGE_TIMEOUT": "300"]) == nil)
        let left = await server.events.first { $0 == .peerLeft(connection: 0) }
        #expect(left != nil)
    }

    @Test func `A redirect with a large body is followed`() async throws {
        let body = String(repeating: "x", count: 300_000)
        let server = try ScriptedServer(
            [.receive, response("302 Found", body, "Location: /b\r\n")], [.receive, response("200 OK", gif)])
        #expect(try await copy(server) == nil)
        #expect(stored == Substring(gif))
    }

    @Test func `Retry-After is respected within IMAGE_TIMEOUT, and a longer one ends the copy`() async throws {
        let wait = response("503 Busy", "", "Retry-After: 3\r\n")
        let server = try ScriptedServer([.receive, wait], [.receive, response("200 OK", gif)])
        let start = ContinuousClock.now
        #expect(try await copy(server, ["IMAGE_TIMEOUT": "3"]) == nil)
        #expect(ContinuousClock.now - start >= .seconds(3))
        let impatient = try ScriptedServer([.receive, wait])
        #expect(try await copy(impatient, ["IMAGE_TIMEOUT": "2"]) == "HTTP 503")
        #expect(impatient.requests.count == 1)
    }

    @Test func `An expired temporary URL of Ozon's is reported as expired`() async throws {
        let server = try ScriptedServer([.receive, response("403 Forbidden")])
        let relay = try relay(server)
        let error = await #expect(throws: CopyFailure.self) {
            try await relay.copy("\(server.url)/s3/multimedia-tmp-1/item-pic-ab.jpg", to: try key())
        }
        #expect(error?.reason == "Expired on Ozon's CDN")
        #expect(server.requests.count == 1)
    }

    @Test func `Waiting for a key or pausing before a retry does not occupy a transfer`() async throws {
        // The slow image waits for its retry. The other one is copied meanwhile although only one transfer is allowed.
        let slow = try ScriptedServer([.receive, response("503 Busy", "", "Retry-After: 300\r\n")])
        let quick = try ScriptedServer([.receive, response("200 OK", gif)])
        let relay = try relay(slow, quick, environment: ["MAX_TRANSFERS": "1", "IMAGE_TIMEOUT": "300"])
        let key = try key()
        let slowCopies = (0..<8).map { _ in Task { try await relay.copy(slow.url + "/a", to: key) } }
        var events = slow.events.makeAsyncIterator()
        _ = await events.next()
        let start = ContinuousClock.now
        _ = try await relay.copy(quick.url + "/b", to: try AllowedPrefixes.all.key("users/b.jpg"))
        #expect(ContinuousClock.now - start < .seconds(30))
        for task in slowCopies { task.cancel() }
        for task in slowCopies { await #expect(throws: (any Error).self) { try await task.value } }
        #expect(slow.requests.count == 1)
    }

    @Test func `When the bucket reads too slowly, the storage has timed out`() async throws {
        let server = try ScriptedServer([.receive, response("200 OK", gif + String(repeating: "x", count: 20_000_000))])
        let slow = try ScriptedServer([.stall])
        let error = await #expect(throws: CopyFailure.self) {
            try await relay(server, environment: ["IMAGE_TIMEOUT": "4"], storedIn: slow)
                .copy(server.url + "/a", to: try key())
        }
        #expect(error?.reason == "Storage timeout")
    }

    @Test func `When the CDN stalls in the middle of an image, the CDN has timed out`() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
        let server = try ScriptedServer([.receive, .send(head + gif), .stall])
        #expect(try await copy(server, ["IMAGE_TIMEOUT": "1"]) == "Timeout")
    }

    @Test(arguments: [("users/a.jpg", "2", false), ("users/b.jpg", "1", true)])
    func `Waiting for a transfer slot is measured as such, and waiting for another copy to the same key isn't`(
        _ path: String, _ slots: String, _ isMeasured: Bool
    ) async throws {
        let slow = try ScriptedServer([.receive, .stall])
        let relay = try relay(slow, environment: ["MAX_TRANSFERS": slots])
        let first = Task { [key = try key()] in try await relay.copy(slow.url + "/a", to: key) }
        var events = slow.events.makeAsyncIterator()
        _ = await events.next()
        let telemetry = ProcessTelemetry(
            log: Log(endpoint: "test", level: .error, sink: LogSink(2)), scoreboard: Scoreboard(endpoint: "test"),
            slowMilliseconds: 1)
        let trace = RequestTrace.begin(requestID: "1", telemetry: telemetry)
        let second = Task.immediate { [key = try AllowedPrefixes.all.key(path)] in
            try await RequestTrace.$current.withValue(trace) { try await relay.copy(slow.url + "/b", to: key) }
        }
        try await Task.sleep(for: .milliseconds(20))
        for task in [second, first] { task.cancel() }
        for task in [second, first] { await #expect(throws: (any Error).self) { try await task.value } }
        var json = JSONWriter()
        json.object { trace.timings.writeWaits(to: &$0, requestMilliseconds: 0) }
        #expect(String(decoding: json.bytes, as: UTF8.self).contains(#""slot_ms":0,"#) == !isMeasured)
    }

    private func key() throws -> ObjectKey { try AllowedPrefixes.all.key("users/a.jpg") }
}
