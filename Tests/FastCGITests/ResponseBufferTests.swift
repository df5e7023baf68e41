import Synchronization
import Testing

@testable import FastCGI

@Suite(.timeLimit(.minutes(1))) struct OutputTests {
    /// How often the sender was called.
    private final class Bell: Sendable {
        private let rings = Mutex(0)
        func ring() { rings.withLock { $0 += 1 } }
        var count: Int { rings.withLock { $0 } }
    }

    private let bell = Bell()

    private func output() -> ResponseBuffer { ResponseBuffer { [bell] in bell.ring() } }

    @Test func `The sender is called once for bytes taken together and once more at the end`() async throws {
        let output = output()
        try await output.write([1])
        try await output.write([2, 3])
        #expect(bell.count == 1)
        #expect(output.take() == ([1, 2, 3], false))
        #expect(output.isEmpty)
        await output.send(Response(head: [4], body: .bytes([5])))
        #expect(bell.count == 2)
        #expect(output.take() == ([4, 5], true))
    }

    @Test func `The sender is called at the end of a stream even if no bytes remain`() async {
        let output = output()
        await output.send(
            Response(
                head: [1],
                body: .stream { output in
                    #expect(output.take() == ([1], false))
                }))
        #expect(bell.count == 2)
        #expect(output.take() == ([], true))
    }

    @Test func `A writer ahead of its reader waits until its bytes are taken`() async throws {
        let output = output()
        let hasReturned = Mutex(false)
        // It runs here until it waits.
        let task = Task.immediate {
            try await output.write([UInt8](repeating: 1, count: ResponseBuffer.limit + 1))
            hasReturned.withLock { $0 = true }
        }
        #expect(!hasReturned.withLock { $0 })
        #expect(output.take().bytes.count == ResponseBuffer.limit + 1)
        try await task.value
        try await output.write([UInt8](repeating: 1, count: ResponseBuffer.limit))
    }

    @Test func `After the reader leaves, pending and later writes throw and the end is still reported`() async {
        let output = output()
        let task = Task.immediate { try await output.write([UInt8](repeating: 1, count: ResponseBuffer.limit + 1)) }
        output.abandon()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) { try await output.write([3]) }
        #expect(output.take() == ([], false))
        let rings = bell.count
        await output.send(Response(head: [1], body: .bytes([2])))
        #expect(bell.count == rings + 1)
        #expect(output.take() == ([], true))
    }

    @Test func `A cancelled writer does not lose the end of the response`() async throws {
        let output = output()
        let heartbeat = Task.immediate {
            try await output.write([UInt8](repeating: 10, count: ResponseBuffer.limit + 1))
        }
        heartbeat.cancel()
        await #expect(throws: CancellationError.self) { try await heartbeat.value }
        await #expect(throws: CancellationError.self) {
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await output.write([10])
            }.value
        }
        _ = output.take()
        await output.send(Response(head: [1], body: .bytes([2])))
        #expect(output.take() == ([1, 2], true))
    }

    @Test func `Cancelling a task ends its wait`() async {
        let output = output()
        let task = Task.immediate { try await output.write([UInt8](repeating: 1, count: ResponseBuffer.limit + 1)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

@Suite struct AnswerTests {
    private func answer(_ bytes: [UInt8], ends: Bool = true) async throws -> (OutgoingResponse, ResponseBuffer) {
        let output = ResponseBuffer {}
        if ends {
            await output.send(Response(head: [], body: .bytes(bytes)))
        } else {
            try await output.write(bytes)
        }
        return (OutgoingResponse(output: output, task: Task {}), output)
    }

    @Test func `A complete response that fits into the send buffer is one chunk`() async throws {
        var (answer, _) = try await answer([UInt8](repeating: 1, count: ResponseBuffer.limit))
        let nextChunk = answer.next()
        let chunk = try #require(nextChunk)
        #expect(chunk.isWhole && chunk.bytes.count == ResponseBuffer.limit)
        answer.remove(chunk)
        let rest = answer.next()
        #expect(rest == nil && answer.hasEnded)
    }

    @Test func `A longer response is sent in chunks of 16 KB, in order`() async throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        var (answer, _) = try await answer(body)
        var sent: [UInt8] = []
        while let chunk = answer.next() {
            #expect(!chunk.isWhole && chunk.bytes.count <= 16 * 1024)
            sent += chunk.bytes
            answer.remove(chunk)
        }
        #expect(answer.hasEnded && sent == body)
    }

    @Test func `The last bytes of a stream are not mistaken for a complete response`() async throws {
        var (answer, output) = try await answer([1, 2], ends: false)
        let firstChunk = answer.next()
        let first = try #require(firstChunk)
        #expect(!first.isWhole && !answer.hasEnded)
        answer.remove(first)
        let rest = answer.next()
        #expect(rest == nil && !answer.hasEnded)
        await output.send(Response(head: [3], body: .bytes([4])))
        let lastChunk = answer.next()
        let last = try #require(lastChunk)
        #expect(!last.isWhole && Array(last.bytes) == [3, 4] && answer.hasEnded)
    }

    @Test func `The rest of an abandoned response is dropped and its task is cancelled`() async throws {
        let output = ResponseBuffer {}
        let task = Task<Void, Never> {
            while !Task.isCancelled { await Task.yield() }
            await output.send(Response(head: [1], body: .bytes([2])))
        }
        var answer = OutgoingResponse(output: output, task: task)
        answer.abandon()
        await task.value
        let rest = answer.next()
        #expect(rest == nil && answer.hasEnded && answer.isAbandoned)
    }
}
