import TestSupport
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(1)))
struct PipeTests {
    private let pipe = Pipe(maxBytes: 1 << 30)
    private let readerWakes = Counter()
    private let writerWakes = Counter()
    private let capacity = Pipe.capacity

    init() {
        pipe.onReaderWake { [readerWakes] in readerWakes.add() }
        pipe.onWriterWake { [writerWakes] in writerWakes.add() }
    }

    @Test func `Bytes are read in the order they were written, in pieces of any size, until the end`() {
        let sent = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        for chunk in [sent[..<1], sent[1..<400], sent[400...]] { _ = pipe.put(Array(chunk)) }
        pipe.end(nil)
        var got: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 7)
        while case .count(let count) = buffer.withUnsafeMutableBytes({ pipe.read(into: $0) }), count > 0 {
            got += buffer[..<count]
        }
        #expect(got == sent)
        #expect(pipe.take(7) == .count(0), "the end can be read repeatedly")
    }

    @Test func `A reader of an empty pipe waits and is woken once`() {
        #expect(pipe.take(10) == .wait)
        #expect(readerWakes.value == 0)
        _ = pipe.put(5)
        _ = pipe.put(5)
        #expect(readerWakes.value == 1)
        #expect(pipe.take(10) == .count(10))
    }

    @Test(arguments: [nil, TransferError.timeout])
    func `The end of the download wakes a waiting reader`(_ error: TransferError?) {
        #expect(pipe.take(10) == .wait)
        pipe.end(error)
        #expect(readerWakes.value == 1)
        #expect(pipe.take(10) == (error == nil ? .count(0) : .failed))
    }

    @Test func `A writer of a full pipe waits and is woken once, when the pipe is less than half full`() {
        #expect(pipe.put(capacity) == .count(capacity))
        #expect(pipe.put(1) == .wait)
        #expect(pipe.take(capacity / 2) == .count(capacity / 2))
        #expect(writerWakes.value == 0)
        #expect(pipe.take(1) == .count(1))
        #expect(writerWakes.value == 1)
        #expect(pipe.take(1) == .count(1))
        #expect(writerWakes.value == 1)
        #expect(pipe.put(capacity / 2 + 2) == .count(capacity / 2 + 2))
        #expect(pipe.put(1) == .wait)
    }

    @Test func `An empty pipe accepts a chunk of any size, so that no transfer stalls`() {
        #expect(pipe.put(2 * capacity) == .count(2 * capacity))
        #expect(pipe.put(1) == .wait)
        #expect(pipe.put(0) == .wait)
    }

    @Test func `Reading and writing wake no one if no one waits`() {
        _ = pipe.put(10)
        _ = pipe.take(10)
        #expect(readerWakes.value == 0 && writerWakes.value == 0)
    }

    @Test func `The pipe accepts exactly the allowed number of bytes`() {
        let pipe = Pipe(maxBytes: 10)
        #expect(pipe.put(4) == .count(4))
        #expect(pipe.put(6) == .count(6))
        #expect(pipe.failure == nil)
        #expect(pipe.put(1) == .failed)
        #expect(pipe.failure == .tooLarge)
        #expect(pipe.take(10) == .failed, "earlier bytes are discarded")
        pipe.end(nil)
        #expect(pipe.failure == .tooLarge, "only the first end counts")
    }

    @Test func `A failed download fails the reader at once, even if bytes remain`() {
        _ = pipe.put(10)
        pipe.end(.broken("x"))
        #expect(pipe.take(10) == .failed)
        #expect(pipe.put(1) == .failed)
        #expect(pipe.failure == .broken("x"))
    }

    @Test func `Closing cancels an unfinished download and fails both ends, but keeps a finished one readable`() {
        let cancelled = Counter()
        pipe.onClose { cancelled.add() }
        _ = pipe.put(10)
        pipe.close()
        #expect(cancelled.value == 1)
        #expect(pipe.failure == .cancelled)
        #expect(pipe.take(10) == .failed && pipe.put(1) == .failed)

        let ended = Pipe(maxBytes: 10)
        _ = ended.put(10)
        ended.end(nil)
        ended.close()
        #expect(ended.failure == nil && ended.take(10) == .count(10))
    }
}
