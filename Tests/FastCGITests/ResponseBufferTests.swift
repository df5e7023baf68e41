import Synchronization
import Testing

@testable import FastCGI

@Suite(.timeLimit(.minutes(1))) struct ResponseBufferTests {
    /// Counts the calls of the sender.
    private final class Sender: Sendable {
        private let calls = Mutex(0)
        func call() { calls.withLock { $0 += 1 } }
        var callCount: Int { calls.withLock { $0 } }
    }

    private let sender = Sender()

    private func buffer() -> ResponseBuffer { ResponseBuffer { [sender] in sender.call() } }

    @Test func `The sender is called once for bytes taken together and once more at the end`() async throws {
        let buffer = buffer()
        try await buffer.write([1])
        try await buffer.write([2, 3])
        #expect(sender.callCount == 1)
        #expect(buffer.take() == ([1, 2, 3], false))
        #expect(buffer.isEmpty)
        await buffer.send(Response(head: [4], body: .bytes([5])))
        #expect(sender.callCount == 2)
        #expect(buffer.take() == ([4, 5], true))
    }

    @Test func `The sender is called at the end of a stream even if no bytes remain`() async {
        let buffer = buffer()
        await buffer.send(
            Response(
                head: [1],
                body: .stream { buffer in
                    #expect(buffer.take() == ([1], false))
                }))
        #expect(sender.callCount == 2)
        #expect(buffer.take() == ([], true))
    }

    @Test func `A writer ahead of its reader waits until its bytes are taken`() async throws {
        let buffer = buffer()
        let hasReturned = Mutex(false)
        // An immediate task runs on this thread until it waits.
        let task = Task.immediate {
            try await buffer.write([UInt8](repeating: 1, count: ResponseBuffer.limit + 1))
            hasReturned.withLock { $0 = true }
        }
        #expect(!hasReturned.withLock { $0 })
        #expect(buffer.take().bytes.count == ResponseBuffer.limit + 1)
        try await task.value
        try await buffer.write([UInt8](repeating: 1, count: ResponseBuffer.limit))
    }

    @Test func `After the reader leaves, pending and later writes throw and the end is still reported`() async {
        let buffer = buffer()
        let task = Task.immediate { try await buffer.write([UInt8](repeating: 1, count: ResponseBuffer.limit + 1)) }
        buffer.abandon()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) { try await buffer.write([3]) }
        #expect(buffer.take() == ([], false))
        let calls = sender.callCount
        await buffer.send(Response(head: [1], body: .bytes([2])))
        #expect(sender.callCount == calls + 1)
        #expect(buffer.take() == ([], true))
    }

    @Test func `A cancelled writer does not lose the end of the response`() async throws {
        let buffer = buffer()
        let heartbeat = Task.immediate {
            try await buffer.write([UInt8](repeating: 10, count: ResponseBuffer.limit + 1))
        }
        heartbeat.cancel()
        await #expect(throws: CancellationError.self) { try await heartbeat.value }
        await #expect(throws: CancellationError.self) {
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await buffer.write([10])
            }.value
        }
        _ = buffer.take()
        await buffer.send(Response(head: [1], body: .bytes([2])))
        #expect(buffer.take() == ([1, 2], true))
    }

    @Test func `Cancelling a task ends its wait`() async {
        let buffer = buffer()
        let task = Task.immediate { try await buffer.write([UInt8](repeating: 1, count: ResponseBuffer.limit + 1)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

@Suite struct OutgoingResponseTests {
    private func response(_ bytes: [UInt8], ends: Bool = true) async throws -> (OutgoingResponse, ResponseBuffer) {
        let buffer = ResponseBuffer {}
        if ends {
            await buffer.send(Response(head: [], body: .bytes(bytes)))
        } else {
            try await buffer.write(bytes)
        }
        return (OutgoingResponse(output: buffer, task: Task {}), buffer)
    }

    @Test func `A complete response that fits into the send buffer is one chunk`() async throws {
        var (response, _) = try await response([UInt8](repeating: 1, count: ResponseBuffer.limit))
        let nextChunk = response.next()
        let chunk = try #require(nextChunk)
        #expect(chunk.isWhole && chunk.bytes.count == ResponseBuffer.limit)
        response.remove(chunk)
        let rest = response.next()
        #expect(rest == nil && response.hasEnded)
    }

    @Test func `A longer response is sent in chunks of 16 KB, in order`() async throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        var (response, _) = try await response(body)
        var sent: [UInt8] = []
        while let chunk = response.next() {
            #expect(!chunk.isWhole && chunk.bytes.count <= 16 * 1024)
            sent += chunk.bytes
            response.remove(chunk)
        }
        #expect(response.hasEnded && sent == body)
    }

    @Test func `The last bytes of a stream are not mistaken for a complete response`() async throws {
        var (response, buffer) = try await response([1, 2], ends: false)
        let firstChunk = response.next()
        let first = try #require(firstChunk)
        #expect(!first.isWhole && !response.hasEnded)
        response.remove(first)
        let rest = response.next()
        #expect(rest == nil && !response.hasEnded)
        await buffer.send(Response(head: [3], body: .bytes([4])))
        let lastChunk = response.next()
        let last = try #require(lastChunk)
        #expect(!last.isWhole && Array(last.bytes) == [3, 4] && response.hasEnded)
    }

    @Test func `The rest of an abandoned response is dropped and its task is cancelled`() async throws {
        let buffer = ResponseBuffer {}
        let task = Task<Void, Never> {
            while !Task.isCancelled { await Task.yield() }
            await buffer.send(Response(head: [1], body: .bytes([2])))
        }
        var response = OutgoingResponse(output: buffer, task: task)
        response.abandon()
        await task.value
        let rest = response.next()
        #expect(rest == nil && response.hasEnded && response.isAbandoned)
    }
}
