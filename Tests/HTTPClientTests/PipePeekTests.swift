import TestSupport
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(1)))
struct PipePeekTests {
    private let pipe = Pipe(maxBytes: 1 << 20)

    @Test func `A look takes nothing`() async throws {
        _ = pipe.put("hello")
        #expect(try await pipe.peek(3) == Array("hel".utf8))
        #expect(pipe.take(1) == "1")
        #expect(try await pipe.peek(3) == Array("ell".utf8))
        #expect(pipe.take(10) == "4")
    }

    @Test func `A look waits until enough is there`() async throws {
        let pipe = pipe
        let look = Task.immediate { try await pipe.peek(3) }
        _ = pipe.put("he")
        _ = pipe.put("llo")
        #expect(try await look.value == Array("hel".utf8))
    }

    @Test func `A look gets less only where there is no more; nothing at the end of nothing`() async throws {
        let pipe = pipe
        let look = Task.immediate { try await pipe.peek(3) }
        _ = pipe.put("he")
        pipe.end(nil)
        #expect(try await look.value == Array("he".utf8))
        let empty = Pipe(maxBytes: 1)
        empty.end(nil)
        #expect(try await empty.peek(3) == [])
    }

    @Test func `A look fails with the download, and with its own task`() async throws {
        let pipe = pipe
        let look = Task.immediate { try await pipe.peek(3) }
        pipe.end(.timeout)
        await #expect(throws: TransferError.timeout) { try await look.value }
        let other = Pipe(maxBytes: 1)
        let cancelled = Task.immediate { try await other.peek(3) }
        cancelled.cancel()
        await #expect(throws: TransferError.cancelled) { try await cancelled.value }
        #expect(other.failure == .cancelled, "the download ends with it")
    }

    @Test func `Next takes all that has come and wakes the writer; empty is the end`() async throws {
        let wakes = Counter()
        pipe.onWriterWake { wakes.add() }
        _ = pipe.put(Pipe.capacity)
        #expect(pipe.put(1) == "wait")
        #expect(try await pipe.next().count == Pipe.capacity)
        #expect(wakes.value == 1)
        #expect(pipe.put(1) == "1")
        pipe.end(nil)
        #expect(try await pipe.next().count == 1)
        #expect(try await pipe.next() == [])
        #expect(try await pipe.next() == [])
    }
}
