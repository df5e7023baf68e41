import TestSupport
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(1)))
struct PipePeekTests {
    private let pipe = Pipe(maxBytes: 1 << 20)

    @Test func `Peeking consumes nothing`() async throws {
        _ = pipe.put("hello")
        #expect(try await pipe.peek(3) == Array("hel".utf8))
        #expect(pipe.take(1) == .count(1))
        #expect(try await pipe.peek(3) == Array("ell".utf8))
        #expect(pipe.take(10) == .count(4))
    }

    @Test func `Peeking waits for enough bytes`() async throws {
        let pipe = pipe
        let peek = Task.immediate { try await pipe.peek(3) }
        _ = pipe.put("he")
        _ = pipe.put("llo")
        #expect(try await peek.value == Array("hel".utf8))
    }

    @Test func `Peeking returns fewer bytes only at the end of the download`() async throws {
        let pipe = pipe
        let peek = Task.immediate { try await pipe.peek(3) }
        _ = pipe.put("he")
        pipe.end(nil)
        #expect(try await peek.value == Array("he".utf8))
        let empty = Pipe(maxBytes: 1)
        empty.end(nil)
        #expect(try await empty.peek(3) == [])
    }

    @Test func `Peeking fails if the download fails or its own task is cancelled`() async throws {
        let pipe = pipe
        let peek = Task.immediate { try await pipe.peek(3) }
        pipe.end(.timeout)
        await #expect(throws: TransferError.timeout) { try await peek.value }
        let other = Pipe(maxBytes: 1)
        let cancelled = Task.immediate { try await other.peek(3) }
        cancelled.cancel()
        await #expect(throws: TransferError.cancelled) { try await cancelled.value }
        #expect(other.failure == .cancelled, "the download ends too")
    }

    @Test func `Next returns everything received and wakes the writer, and is empty at the end`() async throws {
        let wakes = Counter()
        pipe.onWriterWake { wakes.add() }
        _ = pipe.put(Pipe.capacity)
        #expect(pipe.put(1) == .wait)
        #expect(try await pipe.next().count == Pipe.capacity)
        #expect(wakes.value == 1)
        #expect(pipe.put(1) == .count(1))
        pipe.end(nil)
        #expect(try await pipe.next().count == 1)
        #expect(try await pipe.next() == [])
        #expect(try await pipe.next() == [])
    }
}
