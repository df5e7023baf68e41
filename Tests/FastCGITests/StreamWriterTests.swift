import Synchronization
import Testing

@testable import FastCGI

/// What the writer asked to be watched for, in order: 0 is a hang-up alone.
private final class Watches: Sendable {
    private let list = Mutex<[UInt32]>([])
    func add(_ events: UInt32) { list.withLock { $0.append(events) } }
    var all: [UInt32] { list.withLock { $0 } }
}

private let writable: UInt32 = 4  // EPOLLOUT

@Suite("A streamed body", .timeLimit(.minutes(1)))
struct StreamWriterTests {
    private let watches = Watches()

    private func writer(_ bytes: [UInt8] = [], ended: Bool = false) -> StreamWriter {
        StreamWriter(bytes, ended: ended) { [watches] in watches.add($0) }
    }

    /// Pumps until somebody else has to come; answers what was sent and how it ended.
    private func drain(_ writer: StreamWriter) -> (bytes: [UInt8], step: StreamWriter.Step) {
        var sent: [UInt8] = []
        while true {
            let step = writer.pump {
                sent += $0
                return true
            }
            guard case .wait = step, !writer.isIdle else { return (sent, step) }
        }
    }

    @Test("a whole body leaves in portions, in order, and the last one ends the request")
    func whole() {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let writer = writer(body, ended: true)
        writer.start()
        var portions: [Int] = []
        var sent: [UInt8] = []
        var last = StreamWriter.Step.wait
        while case .wait = last {
            last = writer.pump {
                portions.append($0.count)
                sent += $0
                return true
            }
        }
        guard case .done = last else {
            Issue.record("\(last)")
            return
        }
        #expect(sent == body)
        #expect(portions.allSatisfy { $0 <= 16 * 1024 })
        #expect(watches.all == Array(repeating: writable, count: portions.count))
    }

    @Test("when all is sent only a hang-up is watched; the next bytes call a worker once")
    func idle() async throws {
        let writer = writer(Array("head".utf8))
        writer.start()
        #expect(drain(writer).bytes == Array("head".utf8))
        #expect(watches.all == [writable, 0])
        #expect(writer.isIdle)
        try await writer.write([1])
        try await writer.write([2])
        #expect(watches.all == [writable, 0, writable])
        #expect(drain(writer).bytes == [1, 2])
    }

    @Test("a writer ahead of its reader waits, and goes on when half of it has left")
    func backpressure() async throws {
        let writer = writer([UInt8](repeating: 1, count: 64 * 1024))
        writer.start()
        let ended = Mutex(false)
        // Runs here until it waits.
        let task = Task.immediate {
            try await writer.write([2])
            ended.withLock { $0 = true }
        }
        var sent = 0
        while sent < 32 * 1024 {
            #expect(!ended.withLock { $0 })
            _ = writer.pump {
                sent += $0.count
                return true
            }
        }
        #expect(sent == 32 * 1024, "one byte more than half is left")
        #expect(!ended.withLock { $0 })
        sent += drain(writer).bytes.count
        try await task.value
        #expect(sent == 64 * 1024 + 1)
    }

    @Test("once the reader has gone, waiting and later writes throw")
    func gone() async throws {
        let writer = writer([UInt8](repeating: 1, count: 65 * 1024))
        let task = Task.immediate { try await writer.write([2]) }
        #expect(!writer.fail(), "the handler still runs: it ends the request")
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CancellationError.self) { try await writer.write([3]) }
        #expect(writer.end(), "now the request has to be ended")
        #expect(!writer.end() && !writer.fail(), "once")
    }

    @Test("cancelling the task ends its wait")
    func cancelled() async {
        let writer = writer([UInt8](repeating: 1, count: 65 * 1024))
        let task = Task.immediate { try await writer.write([2]) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("a peer that takes no more breaks the stream")
    func broken() {
        let writer = writer([1], ended: true)
        writer.start()
        guard case .broken = writer.pump({ _ in false }) else {
            Issue.record("not broken")
            return
        }
        #expect(writer.fail(), "all was written: whoever sees it ends the request")
        #expect(!writer.fail(), "once")
    }

    @Test("the end of an idle stream calls a worker, and that one ends the request, once")
    func end() {
        let writer = writer([1])
        writer.start()
        _ = drain(writer)
        #expect(!writer.end(), "a worker ends it")
        #expect(watches.all == [writable, 0, writable])
        guard case .done = drain(writer).step else {
            Issue.record("not done")
            return
        }
        guard case .wait = writer.pump({ _ in true }) else {
            Issue.record("done twice")
            return
        }
    }
}
