import Synchronization

/// A semaphore that grants its permits in the order of the requests, and suspends instead of blocking.
package final class AsyncSemaphore: Sendable {
    /// The deadline passed before a permit was free.
    package struct TimedOut: Error {
        package init() {}
    }

    private struct State {
        var free: Int
        /// In the order of the requests. Removing the first moves the others, which takes microseconds even for the
        /// 32 × 1024 waiters (MAX_TRANSFERS × MAX_IN_FLIGHT) that a process may have by default.
        var waiting: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var next = 0
    }

    /// The number of permits.
    package let count: Int
    private let state: Mutex<State>

    package init(count: Int) {
        self.count = count
        state = Mutex(State(free: count))
    }

    /// - Throws: CancellationError if cancelled while waiting, or TimedOut.
    package func withPermit<Value: Sendable>(
        until deadline: ContinuousClock.Instant? = nil, _ work: () async throws -> Value
    ) async throws -> Value {
        try await acquire(until: deadline)
        defer { release() }
        return try await work()
    }

    /// Waits for a permit, which must be released.
    /// - Throws: CancellationError if cancelled while waiting, or TimedOut.
    package func acquire(until deadline: ContinuousClock.Instant? = nil) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let timer = deadline.map { deadline in
            Task {
                try await Task.sleep(until: deadline, clock: .continuous)
                endWaiting(id, with: TimedOut())
            }
        }
        defer { timer?.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Cancellation and the deadline are checked under the lock. If either comes later, it finds the waiter.
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    if let deadline, deadline <= .now { return .failure(TimedOut()) }
                    state.waiting.append((id, continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            endWaiting(id, with: CancellationError())
        }
    }

    private func endWaiting(_ id: Int, with error: any Error) {
        let waiting = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
        }
        waiting?.resume(throwing: error)
    }

    /// Returns a permit that `acquire` granted: to the task that has waited longest, if any waits.
    package func release() {
        let next = state.withLock { state in
            if state.waiting.isEmpty {
                state.free += 1
                return nil as CheckedContinuation<Void, any Error>?
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume()
    }
}
