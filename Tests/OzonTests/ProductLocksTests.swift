import Synchronization
import Testing

@testable import Core
@testable import Ozon

private final class Running: Sendable {
    let counts = Mutex((now: 0, most: 0, all: 0))
}

@Suite(.timeLimit(.minutes(1)))
struct ProductLocksTests {
    private let locks = ProductLocks()
    private let key = ProductKey(clientID: "1", productID: 1)
    private let later = ContinuousClock.now + .seconds(60)

    /// Holds the lock until `end` finishes.
    private func holder() async throws -> (task: Task<Void, any Error>, end: AsyncStream<Void>.Continuation) {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (locks, key, later) = (locks, key, later)
        let task = Task {
            try await locks.withLock(for: key, until: later) {
                begin.finish()
                for await _ in ended {}
            }
        }
        for await _ in begun {}
        return (task, end)
    }

    @Test func `Only one push per product runs at a time`() async throws {
        let running = Running()
        let (locks, key, later) = (locks, key, later)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await locks.withLock(for: key, until: later) {
                        running.counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.all + 1) }
                        await Task.yield()
                        running.counts.withLock { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(running.counts.withLock { $0 } == (0, 1, 200))
    }

    @Test func `Another product or client does not wait`() async throws {
        let holder = try await holder()
        for other in [ProductKey(clientID: "2", productID: 1), ProductKey(clientID: "1", productID: 2)] {
            #expect(try await locks.withLock(for: other, until: .now) { true })
        }
        holder.end.finish()
        try await holder.task.value
    }

    @Test func `A waiter that is cancelled leaves the queue and the next one gets the lock`() async throws {
        let holder = try await holder()
        let (locks, key, later) = (locks, key, later)
        let cancelled = Task { try await locks.withLock(for: key, until: later) { true } }
        let next = Task { try await locks.withLock(for: key, until: later) { true } }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        holder.end.finish()
        #expect(try await next.value)
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await locks.withLock(for: key, until: later) { true }
        }
        await #expect(throws: CancellationError.self) { try await late.value }
    }

    @Test func `Work that fails or is cancelled releases the lock`() async throws {
        let (locks, key, later) = (locks, key, later)
        await #expect(throws: Fault.self) {
            try await locks.withLock(for: key, until: later) { throw Fault(.ozonUnavailable) }
        }
        let working = Task {
            try await locks.withLock(for: key, until: later) { try await Task.sleep(for: .seconds(60)) }
        }
        working.cancel()
        _ = try? await working.value
        #expect(try await locks.withLock(for: key, until: .now) { true })
    }

    @Test func `Waiting ends at the deadline with Ozon's timeout and blocks no one afterwards`() async throws {
        let holder = try await holder()
        for deadline in [ContinuousClock.now + .milliseconds(100), .now - .seconds(1)] {
            let fault = await #expect(throws: Fault.self) {
                try await locks.withLock(for: key, until: deadline) { true }
            }
            #expect(fault?.code == .ozonTimeout)
        }
        holder.end.finish()
        try await holder.task.value
        #expect(try await locks.withLock(for: key, until: later) { true })
    }
}
