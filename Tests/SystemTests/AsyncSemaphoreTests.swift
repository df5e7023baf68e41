import Synchronization
import System
import Testing

private struct Failure: Error {}

/// Records events in order, and the largest number of tasks between `enter` and `leave`.
private final class Recorder: Sendable {
    private let state = Mutex((events: [String](), inside: 0, most: 0))
    func add(_ event: String) { state.withLock { $0.events.append(event) } }
    func enter() { state.withLock { ($0.inside, $0.most) = ($0.inside + 1, max($0.most, $0.inside + 1)) } }
    func leave() { state.withLock { $0.inside -= 1 } }
    var events: [String] { state.withLock(\.events) }
    var most: Int { state.withLock(\.most) }
}

/// Suspends its waiters until it is opened.
private final class Gate: Sendable {
    private let (stream, continuation) = AsyncStream<Void>.makeStream()
    func open() { continuation.finish() }
    func wait() async { for await _ in stream {} }
}

@Suite(.timeLimit(.minutes(1)))
struct AsyncSemaphoreTests {
    private let recorder = Recorder()
    private let gate = Gate()

    @Test(arguments: [1, 3])
    func `No more tasks run at once than there are permits, and every task gets one`(_ count: Int) async throws {
        let semaphore = AsyncSemaphore(count: count)
        let recorder = recorder
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await semaphore.withPermit {
                        recorder.enter()
                        await Task.yield()
                        recorder.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect((1...count).contains(recorder.most))
    }

    @Test func `Permits are granted in the order in which they are requested`() async throws {
        let semaphore = AsyncSemaphore(count: 1)
        let (recorder, gate) = (recorder, gate)
        let holder = Task.immediate { try await semaphore.withPermit { await gate.wait() } }
        let tasks = (0..<20).map { number in
            Task.immediate { try await semaphore.withPermit { recorder.add("\(number)") } }
        }
        gate.open()
        try await holder.value
        for task in tasks { try await task.value }
        #expect(recorder.events == (0..<20).map(String.init))
    }

    @Test func `A task cancelled while waiting throws at once and takes no permit`() async throws {
        let semaphore = AsyncSemaphore(count: 1)
        let (recorder, gate) = (recorder, gate)
        let holder = Task.immediate { try await semaphore.withPermit { await gate.wait() } }
        let waiter = Task.immediate { try await semaphore.withPermit { recorder.add("cancelled") } }
        let next = Task.immediate { try await semaphore.withPermit { recorder.add("next") } }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        gate.open()
        try await holder.value
        try await next.value
        try await semaphore.withPermit { recorder.add("last") }
        #expect(recorder.events == ["next", "last"])
    }

    @Test func `A task that is already cancelled gets no permit, and failing work returns its permit`() async throws {
        let semaphore = AsyncSemaphore(count: 1)
        let task = Task { () async throws in
            withUnsafeCurrentTask { $0?.cancel() }
            try await semaphore.withPermit {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: Failure.self) { try await semaphore.withPermit { throw Failure() } }
        try await semaphore.withPermit {}
    }

    @Test func `Waiting ends at the deadline, and the permit goes to a later waiter`() async throws {
        let semaphore = AsyncSemaphore(count: 1)
        let gate = gate
        let holder = Task.immediate { try await semaphore.withPermit { await gate.wait() } }
        for deadline in [ContinuousClock.now + .milliseconds(100), .now - .seconds(1)] {
            await #expect(throws: AsyncSemaphore.TimedOut.self) { try await semaphore.withPermit(until: deadline) {} }
        }
        let next = Task.immediate { try await semaphore.withPermit(until: .now + .seconds(60)) {} }
        gate.open()
        try await holder.value
        try await next.value
        try await semaphore.withPermit(until: .now - .seconds(1)) {}
    }

    @Test func `Work on the same key runs in order, and work on another key does not wait`() async throws {
        let mutex = KeyedMutex<String>()
        let (recorder, gate) = (recorder, gate)
        let first = Task.immediate {
            try await mutex.withLock(on: "a") {
                await gate.wait()
                recorder.add("first")
            }
        }
        let others = (0..<5).map { number in
            Task.immediate { try await mutex.withLock(on: "a") { recorder.add("\(number)") } }
        }
        try await mutex.withLock(on: "b") { recorder.add("b") }
        gate.open()
        try await first.value
        for task in others { try await task.value }
        #expect(recorder.events == ["b", "first", "0", "1", "2", "3", "4"])
    }

    @Test func `A lock is released when its work throws`() async throws {
        let mutex = KeyedMutex<String>()
        await #expect(throws: Failure.self) { try await mutex.withLock(on: "a") { throw Failure() } }
        #expect(try await mutex.withLock(on: "a") { 7 } == 7)
    }
}
