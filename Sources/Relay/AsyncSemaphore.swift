import Core
import Synchronization
import Telemetry

/// The transfers a process may have under way, `MAX_TRANSFERS`, given out in the order they are asked for. A call never
/// asks for more than that number at once, so one for 5000 articles is never far ahead of one for 1.
package final class AsyncSemaphore: Sendable {
    private struct State {
        var free: Int
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var next = 0
    }

    package let count: Int
    private let state: Mutex<State>

    package init(count: Int) {
        self.count = count
        state = Mutex(State(free: count))
    }

    /// Runs the work when its turn has come. Throws CancellationError if cancelled while waiting.
    package func callAsFunction<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        try await RequestTrace.waitingForTransfer(take)
        defer { give() }
        return try await work()
    }

    private func take() async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isTaken = await withTaskCancellationHandler {
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
        if !isTaken { throw CancellationError() }
    }

    private func give() {
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

/// Keys being written: the same one is never written twice at once.
package final class KeyedMutex: Sendable {
    /// One key's turns, given out one at a time.
    private struct Turn {
        let slots = AsyncSemaphore(count: 1)
        var users = 0
    }

    private let turns = Mutex<[String: Turn]>([:])

    package init() {}

    /// Runs the work when no other has the key. Throws CancellationError if cancelled while waiting.
    package func callAsFunction<Value: Sendable>(_ key: String, _ work: () async throws -> Value) async throws -> Value
    {
        let slots = turns.withLock { turns in
            turns[key, default: Turn()].users += 1
            return turns[key]!.slots
        }
        defer {
            turns.withLock { turns in
                turns[key]!.users -= 1
                if turns[key]!.users == 0 { turns[key] = nil }
            }
        }
        return try await slots(work)
    }
}
