import Foundation
import HTTPClient
import TestSupport
import Testing

private let manyHeaders = (1...200).map { "X-\($0): y\r\n" }.joined()

private func isBroken(_ error: TransferError?) -> Bool {
    if case .broken = error { true } else { false }
}

private func isUnreachable(_ error: TransferError?) -> Bool {
    if case .unreachable = error { true } else { false }
}

@Suite(.timeLimit(.minutes(1)))
struct TransferErrorTests {
    private let client = plainClient

    private func error(_ steps: [Step], timeout: Duration = .seconds(10), maxResponseBytes: Int = 1 << 20) async throws
        -> TransferError?
    {
        let server = try ScriptedServer(steps)
        return await #expect(throws: TransferError.self) {
            try await client.post(server.url, timeout: timeout, maxResponseBytes: maxResponseBytes)
        }
    }

    @Test func `A closed port and a nonexistent host are unreachable`() async throws {
        for url in ["http://127.0.0.1:\(try closedPort())", "http://host.invalid"] {
            let error = await #expect(throws: TransferError.self) { try await client.post(url) }
            #expect(isUnreachable(error), "\(url): \(String(describing: error))")
        }
    }

    @Test func `A failed TLS handshake counts as unreachable because the request was not sent`() async throws {
        let server = try ScriptedServer([.send("HTTP/1.1 400 Bad Request\r\n\r\n")])
        let error = await #expect(throws: TransferError.self) {
            try await client.post("https://127.0.0.1:\(server.port)")
        }
        #expect(isUnreachable(error), "\(String(describing: error))")
    }

    @Test(arguments: [
        [Step.receive, .reset],
        [.receive],
        [.receive, .send("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Le")],
        [.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")],
        [.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), .reset],
        [.receive, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")],
        [.receive, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")],
        [.receive, .send("220 mail.example ESMTP\r\n")],
        [.receive, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), .stall],
        [.receive, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"), .stall],
        [.receive, .send("HTTP/1.1 200 OK\r\n\(manyHeaders)Content-Length: 0\r\n\r\n"), .stall],
    ])
    func `A response that breaks off is an error of its own kind`(_ steps: [Step]) async throws {
        let error = try await error(steps)
        #expect(isBroken(error), "\(String(describing: error))")
    }

    @Test(arguments: [
        [Step.stall], [.receive, .stall], [.receive, .send("HTTP/1.1 200"), .stall],
        [.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), .stall],
    ])
    func `Silence before or during the response is a timeout`(_ steps: [Step]) async throws {
        #expect(try await error(steps, timeout: .milliseconds(200)) == .timeout)
    }

    @Test func `Each of many calls to a server that never completes the TLS handshake ends at its own deadline`()
        async throws
    {
        let server = try ScriptedServer([.stall])
        // Not the shared client, because libcurl would also wait for the connections of other tests.
        let client = HTTPClient(HTTPClient.Options(maxTransfers: 64, allowsHTTP2: true, authoritiesFile: nil))
        let url = "https://127.0.0.1:\(server.port)"
        // The tolerance of 2.5 s covers a loaded machine, and a second attempt one that stalls for longer. A call that
        // waits for another's connection takes longer in both.
        let (timeout, limit) = (Duration.seconds(3), Duration.milliseconds(3 * 3000 + 2500))
        var longest: [Duration] = []
        for _ in 0..<2 where longest.allSatisfy({ $0 >= limit }) {
            let times = await withTaskGroup(of: Duration.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try? await Task.sleep(for: .milliseconds(200 * number))
                        let start = ContinuousClock.now
                        for _ in 0..<3 {
                            let error = await #expect(throws: TransferError.self) {
                                try await client.post(url, timeout: timeout)
                            }
                            #expect(error == .timeout)
                        }
                        return start.duration(to: .now)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            longest.append(times.max()!)
        }
        #expect(longest.last! < limit, "\(longest)")
    }

    @Test func `A response may have exactly the allowed number of bytes, with or without Content-Length`() async throws
    {
        let wires = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        ]
        for wire in wires {
            #expect(try await error([.receive, .send(wire)], maxResponseBytes: 4) == .tooLarge)
            let server = try ScriptedServer([.receive, .send(wire)])
            #expect(try await client.post(server.url, maxResponseBytes: 5).body.count == 5)
        }
    }

    @Test func `An error status is returned even if its body exceeds the 64 KB that are read`() async throws {
        for (count, kept) in [(1000, 1000), (64 << 10, 64 << 10), (1 << 20, nil)] as [(Int, Int?)] {
            let body = String(repeating: "x", count: count)
            let server = try ScriptedServer([
                .receive, .send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: \(count)\r\n\r\n\(body)"),
                .stall,
            ])
            let response = try await client.post(server.url, maxResponseBytes: 1 << 20)
            #expect(response.status == 503 && response.headers["Retry-After"] == "7")
            if let kept { #expect(response.body.count == kept) } else { #expect(response.body.count <= 64 << 10) }
        }
    }

    @Test func `A URL too long for libcurl fails only its own request`() async throws {
        let url = "http://127.0.0.1/" + String(repeating: "a", count: 9_000_000)
        let error = await #expect(throws: TransferError.self) { try await client.post(url) }
        #expect(isBroken(error))
        let server = try ScriptedServer([.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")])
        #expect(try await client.post(server.url).status == 200)
    }

    @Test func `The limit applies to the decompressed response`() async throws {
        // python3 -c 'import gzip, base64; print(base64.b64encode(gzip.compress(bytes(65536), mtime=0)).decode())'
        let base64 = "H4sIAAAAAAACA+3BAQEAAACAkP6v7ggK" + String(repeating: "A", count: 84) + "auuOl9cAAAEA"
        let packed = try #require(Data(base64Encoded: base64))
        let response = [
            Step.receive, .send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"),
            .sendBytes(Array(packed)),
        ]
        #expect(try await error(response, maxResponseBytes: 65_535) == .tooLarge)
        let server = try ScriptedServer(response)
        #expect(
            try await client.post(server.url, maxResponseBytes: 65_536).body == [UInt8](repeating: 0, count: 65_536))
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
    func `Only http and https URLs are allowed`(_ url: String) async {
        let error = await #expect(throws: TransferError.self) { try await client.post(url) }
        #expect(isBroken(error), "\(String(describing: error))")
    }

    @Test func `Cancelling the task ends the transfer and closes the connection`() async throws {
        let server = try ScriptedServer([.receive, .stall])
        let client = client
        let url = server.url
        let task = Task { () async -> TransferError? in
            do throws(TransferError) { _ = try await client.post(url, timeout: .seconds(60)) } catch { return error }
            return nil
        }
        var events = server.events.makeAsyncIterator()
        guard case .request = await events.next() else { throw CancellationError() }
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(await events.next() == .peerLeft(connection: 0))
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func `A task that is already cancelled sends nothing`() async throws {
        let server = try ScriptedServer([.receive, .stall])
        let client = client
        let url = server.url
        let task = Task { () async -> TransferError? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(TransferError) { _ = try await client.post(url, timeout: .seconds(60)) } catch { return error }
            return nil
        }
        #expect(await task.value == .cancelled)
    }

    @Test func `A hundred cancellations at arbitrary moments leave the client usable`() async throws {
        let response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
        let server = try ScriptedServer([.receive, .send(response)])
        let client = client
        let url = server.url
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<100 {
                group.addTask {
                    let task = Task { try await client.post(url).status }
                    for _ in 0..<index { await Task.yield() }
                    task.cancel()
                    switch await task.result {
                    case .success(let status): #expect(status == 200)
                    case .failure(let error): #expect(error as? TransferError == .cancelled)
                    }
                }
            }
        }
        #expect(try await client.post(url).status == 200)
    }
}
