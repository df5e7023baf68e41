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

    @Test func `The sender is called once for what it can take at once, and once more at the end`() async throws {
        let output = output()
        try await output.write([1])
        try await output.write([2, 3])
        #expect(bell.count == 1)
        #expect(output.take() == ([1, 2, 3], false))
        #expect(output.isIdle)
        await output.send(Response(head: [4], body: .bytes([5])))
        #expect(bell.count == 2)
        #expect(output.take() == ([4, 5], true))
    }

    @Test func `The end of a stream that has nothing left to send calls the sender`() async {
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

    @Test func `Once the reader has gone, waiting and later writes throw, and the end is still reported`() async {
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

    @Test func `A writer that is cancelled doesn't take the end of the answer along`() async throws {
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

    @Test func `A whole answer that fits into the send buffer is one portion`() async throws {
        var (answer, _) = try await answer([UInt8](repeating: 1, count: ResponseBuffer.limit))
        let portionPortion = answer.next()
        let portion = try #require(portionPortion)
        #expect(portion.isWhole && portion.bytes.count == ResponseBuffer.limit)
        answer.remove(portion)
        let rest = answer.next()
        #expect(rest == nil && answer.hasEnded)
    }

    @Test func `A longer one leaves in portions of 16 KB, in order`() async throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        var (answer, _) = try await answer(body)
        var sent: [UInt8] = []
        while let portion = answer.next() {
            #expect(!portion.isWhole && portion.bytes.count <= 16 * 1024)
            sent += portion.bytes
            answer.remove(portion)
        }
        #expect(answer.hasEnded && sent == body)
    }

    @Test func `The last bytes of a stream are not taken for a whole answer`() async throws {
        var (answer, output) = try await answer([1, 2], ends: false)
        let firstPortion = answer.next()
        let first = try #require(firstPortion)
        #expect(!first.isWhole && !answer.hasEnded)
        answer.remove(first)
        let rest = answer.next()
        #expect(rest == nil && !answer.hasEnded)
        await output.send(Response(head: [3], body: .bytes([4])))
        let lastPortion = answer.next()
        let last = try #require(lastPortion)
        #expect(!last.isWhole && Array(last.bytes) == [3, 4] && answer.hasEnded)
    }

    @Test func `What is left of an abandoned answer is dropped, and its task is cancelled`() async throws {
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
