import Foundation
import TestSupport
import Testing

import class HTTPClient.Pipe

@testable import HTTPClient

private let ok = Step.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

private func body(of request: String?) -> Substring? {
    request.flatMap { text in text.range(of: "\r\n\r\n").map { text[$0.upperBound...] } }
}

@Suite(.timeLimit(.minutes(1)))
struct RelayedTests {
    private let client = HTTPClient(HTTPClient.Options(maxTransfers: 8, allowsHTTP2: false, authoritiesFile: nil))

    private func download(_ server: ScriptedServer, into pipe: Pipe, timeout: Duration = .seconds(20))
        async throws(TransferError) -> HTTPClient.Response
    {
        try await client.download(
            HTTPClient.Request("GET", server.url + "/a", headers: [:], timeout: timeout, maxResponseBytes: 100),
            into: pipe)
    }

    private func upload(
        _ server: ScriptedServer, _ body: HTTPClient.Request.Body
    ) async throws(TransferError) -> HTTPClient.Response {
        try await client.send(
            HTTPClient.Request(
                "PUT", server.url + "/b", headers: ["content-type": "image/png"], body: body, timeout: .seconds(20),
                maxResponseBytes: 100))
    }

    private func all(_ pipe: Pipe) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try await pipe.next()
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    @Test func `The body of a 200 is written to the pipe and the headers are returned`() async throws {
        let server = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"),
        ])
        let pipe = Pipe(maxBytes: 5)
        let response = try await download(server, into: pipe)
        #expect(response.status == 200 && response.headers["x-a"] == "b" && response.body.isEmpty)
        #expect(text(try await all(pipe)) == "hello")
        #expect(server.requests.first?.hasPrefix("GET /a HTTP/1.1\r\n") == true)
    }

    @Test func `A download returns when the headers have arrived, before any byte of the body`() async throws {
        let server = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), .stall])
        let pipe = Pipe(maxBytes: 5)
        let response = try await download(server, into: pipe, timeout: .seconds(5))
        #expect(response.status == 200 && response.headers["content-length"] == "5")
        pipe.close()
    }

    @Test func `A reply of another status is its head alone, however large or slow its page`() async throws {
        let large = String(repeating: "x", count: 200_000)
        for (body, length) in [("hello", 5), (large, large.utf8.count), ("", 0), ("hello", 1_000_000)] {
            let server = try ScriptedServer([
                .receive, .send("HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: \(length)\r\n\r\n\(body)"), .stall,
            ])
            let pipe = Pipe(maxBytes: 1000)
            let response = try await download(server, into: pipe)
            #expect(response.status == 404 && response.headers["x-a"] == "b" && response.body.isEmpty)
            // The pipe is still open, for the target of a redirect.
            let next = try ScriptedServer([
                .receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld"),
            ])
            #expect(try await download(next, into: pipe).status == 200)
            #expect(text(try await all(pipe)) == "world")
        }
    }

    @Test func `A download whose response's head arrives slowly is not a stall`() {
        let request = HTTPClient.Request("GET", "http://h/", headers: [:], timeout: .seconds(60), maxResponseBytes: 1)
        let transfer = Transfer(request, sink: Pipe(maxBytes: 1), OpenConnections())
        transfer.lastByte = .now - Transfer.stallTimeout - .seconds(1)
        #expect(transfer.isStalled)
        Array("X-A: b\r\n".utf8).withUnsafeBytes(transfer.appendHeader)
        #expect(!transfer.isStalled)
    }

    @Test func `A body larger than the pipe allows fails and closes the connection`() async throws {
        let server = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\nx\r\n"), .stall,
        ])
        let pipe = Pipe(maxBytes: 5)
        do throws(TransferError) { _ = try await download(server, into: pipe) } catch { #expect(error == .tooLarge) }
        await #expect(throws: TransferError.tooLarge) { try await all(pipe) }
        var events = server.events.makeAsyncIterator()
        _ = await events.next()
        #expect(await events.next() == .peerLeft(connection: 0))
    }

    @Test func `A download much larger than the pipe never buffers more than its capacity`() async throws {
        let size = 8 << 20
        let server = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"),
            .sendBytes([UInt8](repeating: 0x78, count: size)),
        ])
        let pipe = Pipe(maxBytes: size)
        _ = try await download(server, into: pipe)
        // The pipe is filled until the writer pauses, so that the writer is woken more than once.
        _ = try await pipe.peek(Pipe.capacity - 64 * 1024)
        var total = 0
        while true {
            let count = try await pipe.next().count
            if count == 0 { break }
            #expect(count <= Pipe.capacity)
            total += count
        }
        #expect(total == size)
    }

    @Test func `A download is uploaded byte for byte with its length and without Expect`() async throws {
        let image = String((0..<3_000_000).map { Character(UnicodeScalar(UInt8(0x21 + $0 % 89))) })
        let source = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nContent-Length: \(image.utf8.count)\r\n\r\n\(image)"),
        ])
        let target = try ScriptedServer([.receive, ok])
        let pipe = Pipe(maxBytes: 1 << 30)
        _ = try await download(source, into: pipe)
        #expect(try await pipe.peek(4) == Array(image.utf8.prefix(4)))
        #expect(try await upload(target, .pipe(pipe, count: image.utf8.count)).status == 200)
        let request = try #require(target.requests.first)
        #expect(body(of: request)?.utf8.elementsEqual(image.utf8) == true)
        let head = request.prefix(400).lowercased()
        #expect(head.hasPrefix("put /b http/1.1\r\n") && head.contains("\r\ncontent-length: \(image.utf8.count)\r\n"))
        #expect(!head.contains("expect:") && !head.contains("transfer-encoding"))
    }

    @Test func `A broken download breaks off the upload before the target has a complete request`() async throws {
        let source = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\(String(repeating: "x", count: 500))"),
        ])
        let target = try ScriptedServer([.receive, ok])
        let pipe = Pipe(maxBytes: 1000)
        _ = try await download(source, into: pipe)
        let error = await #expect(throws: TransferError.self) {
            try await upload(target, .pipe(pipe, count: 1000))
        }
        guard case .broken = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        guard case .broken = pipe.failure else {
            Issue.record("the pipe has the download's failure, not \(String(describing: pipe.failure))")
            return
        }
        #expect(target.requests.isEmpty)
    }

    @Test func `A body shorter than declared breaks off the upload`() async throws {
        let target = try ScriptedServer([.receive, ok])
        let pipe = Pipe(maxBytes: 1000)
        _ = pipe.put("half")
        pipe.end(nil)
        let error = await #expect(throws: TransferError.self) { try await upload(target, .pipe(pipe, count: 8)) }
        #expect(error != .timeout, "without waiting for the deadline")
        #expect(target.requests.isEmpty)
    }

    @Test func `Only an error may be the response to a request that was not sent completely`() async throws {
        for (status, expected) in [("200 OK", nil), ("204 No Content", nil), ("403 Forbidden", 403 as Int?)] {
            let head = "HTTP/1.1 \(status)\r\nContent-Length: 0\r\nETag: \"a\"\r\nConnection: close\r\n\r\n"
            let server = try ScriptedServer([.send(head), .stall])
            let pipe = Pipe(maxBytes: 1 << 20)
            let writer = Task {
                while !Task.isCancelled {
                    _ = pipe.put("x")
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            defer { writer.cancel() }
            let response = try? await upload(server, .pipe(pipe, count: 1 << 20))
            #expect(response?.status == expected, "\(status)")
        }
    }

    @Test func `A body longer than declared is truncated to the declared length`() async throws {
        let target = try ScriptedServer([.receive, ok])
        let pipe = Pipe(maxBytes: 1000)
        _ = pipe.put("halfrest")
        pipe.end(nil)
        #expect(try await upload(target, .pipe(pipe, count: 4)).status == 200)
        #expect(body(of: target.requests.first) == "half")
    }

    @Test func `Closing the pipe ends the download`() async throws {
        let server = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), .stall])
        let pipe = Pipe(maxBytes: 1000)
        _ = try await download(server, into: pipe)
        pipe.close()
        var events = server.events.makeAsyncIterator()
        _ = await events.next()
        #expect(await events.next() == .peerLeft(connection: 0))
    }

    @Test func `A file is uploaded from its beginning up to the given length, whatever its current offset`()
        async throws
    {
        let content = String((0..<200_000).map { Character(UnicodeScalar(UInt8(0x21 + $0 % 89))) })
        let directory = try TemporaryDirectory()
        try directory.write("upload", content)
        let file = open(directory.file("upload"), O_RDWR)
        defer { Foundation.close(file) }
        lseek(file, 0, SEEK_END)
        for count in [200_000, 100_000, 7] {
            let server = try ScriptedServer([.receive, ok])
            #expect(try await upload(server, .file(descriptor: file, count: count)).status == 200)
            #expect(body(of: server.requests.first)?.utf8.elementsEqual(content.utf8.prefix(count)) == true, "\(count)")
        }
        let server = try ScriptedServer([.receive, ok])
        let error = await #expect(throws: TransferError.self) {
            try await upload(server, .file(descriptor: file, count: 200_001))
        }
        #expect(error != .timeout, "without waiting for the deadline")
        #expect(server.requests.isEmpty, "the file is shorter than declared")
    }
}
