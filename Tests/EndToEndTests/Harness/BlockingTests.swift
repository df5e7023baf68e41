import Foundation
import Synchronization
import Testing

/// Runs each test on a thread of its own, several at once. Swift Testing runs tests on the concurrency runtime's
/// threads, one per core, but these tests spend most of their time in blocking calls.
struct BlockingTests: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let isAlone = test.traits.contains { $0 is RunsAlone }
        await TestSlots.shared.enter(alone: isAlone)
        defer { TestSlots.shared.leave(alone: isAlone) }
        try await withTaskExecutorPreference(ThreadExecutor.shared, operation: function)
    }
}

extension Trait where Self == BlockingTests {
    static var blocking: Self { Self() }
}

/// No other test runs at the same time: for tests that measure time or use all processors.
struct RunsAlone: TestTrait, SuiteTrait {
    var isRecursive: Bool { true }
}

extension Trait where Self == RunsAlone {
    static var alone: Self { Self() }
}

/// Runs each job on a new thread.
private final class ThreadExecutor: TaskExecutor {
    static let shared = ThreadExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Admits up to `limit` tests at once, or one that runs alone. The latter are admitted when no other test waits.
private final class TestSlots: Sendable {
    static let shared = TestSlots()
    private static let limit = 7

    private struct State {
        var free = TestSlots.limit
        var waiting: [CheckedContinuation<Void, Never>] = []
        var waitingAlone: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func enter(alone: Bool) async {
        await withCheckedContinuation { continuation in
            change { state in
                if alone { state.waitingAlone.append(continuation) } else { state.waiting.append(continuation) }
            }
        }
    }

    func leave(alone: Bool) { change { $0.free += alone ? Self.limit : 1 } }

    private func change(_ change: (inout State) -> Void) {
        let admitted = state.withLock { state in
            change(&state)
            let count = min(state.free, state.waiting.count)
            var admitted = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            state.free -= count
            if state.free == Self.limit, !state.waitingAlone.isEmpty {
                admitted = [state.waitingAlone.removeFirst()]
                state.free = 0
            }
            return admitted
        }
        for continuation in admitted { continuation.resume() }
    }
}
