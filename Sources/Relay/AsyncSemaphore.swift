import Synchronization

/// A semaphore that grants its permits in the order of the requests, and suspends instead of blocking.
package final class AsyncSemaphore: Sendable {
    private struct State {
        var free: Int
        /// In the order of the requests. Removing the first moves the others, which takes microseconds even for the
        /// 32 × 1024 waiters (MAX_TRANSFERS × MAX_IN_FLIGHT) that a process may have by default.
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var next = 0
    }

    /// The number of permits.
    package let count: Int
    private let state: Mutex<State>

    package init(count: Int) {
        self.count = count
        state = Mutex(State(free: count))
    }

    /// - Throws: CancellationError if cancelled while waiting.
    package func withPermit<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        try await acquire()
        defer { release() }
        return try await work()
    }

    /// Waits for a permit, which must be released.
    /// - Throws: CancellationError if cancelled while waiting.
    func acquire() async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isAcquired = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiting.append((id, continuation))
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0).continuation }
            }
            waiting?.resume(returning: false)
        }
        if !isAcquired { throw CancellationError() }
    }

    func release() {
        let next = state.withLock { state in
            if state.waiting.isEmpty {
                state.free += 1
                return nil as CheckedContinuation<Bool, Never>?
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
