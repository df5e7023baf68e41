import Synchronization
import TestSupport
import Testing

@testable import Relay

/// What happened, in order; and how many are inside at once.
private final class Record: Sendable {
    private let state = Mutex((told: [String](), inside: 0, most: 0))
    func add(_ what: String) { state.withLock { $0.told.append(what) } }
    func enter() { state.withLock { ($0.inside, $0.most) = ($0.inside + 1, max($0.most, $0.inside + 1)) } }
    func leave() { state.withLock { $0.inside -= 1 } }
    var told: [String] { state.withLock(\.told) }
    var most: Int { state.withLock(\.most) }
}

/// Holds what passes it until it is opened.
private final class Gate: Sendable {
    private let (stream, continuation) = AsyncStream<Void>.makeStream()
    func open() { continuation.finish() }
    func wait() async { for await _ in stream {} }
}

@Suite(.timeLimit(.minutes(1)))
struct SlotsTests {
    private let record = Record()
    private let gate = Gate()

    @Test(arguments: [1, 3])
    func `No more tasks run at once than there are permits, and every task gets one`(_ count: Int) async throws {
        let slots = AsyncSemaphore(count: count)
        let record = record
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await slots.withPermit {
                        record.enter()
                        await Task.yield()
                        record.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect((1...count).contains(record.most))
    }

    @Test func `Permits are granted in the order in which they are requested`() async throws {
        let slots = AsyncSemaphore(count: 1)
        let (record, gate) = (record, gate)
        let holder = Task.immediate { try await slots.withPermit { await gate.wait() } }
        let tasks = (0..<20).map { number in Task.immediate { try await slots.withPermit { record.add("\(number)") } } }
        gate.open()
        try await holder.value
        for task in tasks { try await task.value }
        #expect(record.told == (0..<20).map(String.init))
    }

    @Test func `A task cancelled while waiting throws at once and takes no permit`() async throws {
        let slots = AsyncSemaphore(count: 1)
        let (record, gate) = (record, gate)
        let holder = Task.immediate { try await slots.withPermit { await gate.wait() } }
        let waiter = Task.immediate { try await slots.withPermit { record.add("cancelled") } }
        let next = Task.immediate { try await slots.withPermit { record.add("next") } }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        gate.open()
        try await holder.value
        try await next.value
        try await slots.withPermit { record.add("last") }
        #expect(record.told == ["next", "last"])
    }

    @Test func `A task that is already cancelled gets no permit, and failing work returns its permit`() async throws {
        let slots = AsyncSemaphore(count: 1)
        let task = Task { () async throws in
            withUnsafeCurrentTask { $0?.cancel() }
            try await slots.withPermit {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: CopyFailure.self) { try await slots.withPermit { throw CopyFailure("x") } }
        try await slots.withPermit {}
    }

    @Test func `Work on the same key runs in order, and work on another key does not wait`() async throws {
        let turns = KeyedMutex()
        let (record, gate) = (record, gate)
        let first = Task.immediate {
            try await turns.withLock(on: "a") {
                await gate.wait()
                record.add("first")
            }
        }
        let others = (0..<5).map { number in
            Task.immediate { try await turns.withLock(on: "a") { record.add("\(number)") } }
        }
        try await turns.withLock(on: "b") { record.add("b") }
        gate.open()
        try await first.value
        for task in others { try await task.value }
        #expect(record.told == ["b", "first", "0", "1", "2", "3", "4"])
    }

    @Test func `A lock is released when its work throws`() async throws {
        let turns = KeyedMutex()
        await #expect(throws: CopyFailure.self) { try await turns.withLock(on: "a") { throw CopyFailure("x") } }
        #expect(try await turns.withLock(on: "a") { 7 } == 7)
    }
}
