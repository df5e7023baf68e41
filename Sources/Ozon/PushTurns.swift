import Core
import Synchronization

/// Lets one push at a time write a product's pictures, in this process. Ozon replaces the whole set and has no
/// compare-and-set, so a push must read what the one before it wrote.
final class PushTurns: Sendable {
    struct Key: Hashable {
        let clientID: String
        let productID: Int
    }

    private enum Outcome {
        case taken, timedOut, cancelled
    }

    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        /// A key is here while it is taken, with those that wait for it in their order.
        var waiters: [Key: [Waiter]] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    /// Runs the work when no other of that key is running.
    /// - Throws: 504 if it is still not its turn at the deadline.
    func callAsFunction<Value: Sendable>(
        _ key: Key, until deadline: ContinuousClock.Instant, _ work: () async throws -> Value
    ) async throws -> Value {
        switch await take(key, until: deadline) {
        case .taken: break
        case .timedOut: throw Fault(.ozonTimeout, detail: "Another push of this product was under way")
        case .cancelled: throw CancellationError()
        }
        defer { give(key) }
        return try await work()
    }

    private func take(_ key: Key, until deadline: ContinuousClock.Instant) async -> Outcome {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            leave(key, number, .timedOut)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Looks at the cancellation and at the clock inside the lock: what comes later finds the waiter.
                let outcome = state.withLock { state -> Outcome? in
                    if Task.isCancelled { return .cancelled }
                    if state.waiters[key] == nil {
                        state.waiters[key] = []
                        return .taken
                    }
                    if ContinuousClock.now >= deadline { return .timedOut }
                    state.waiters[key]!.append(Waiter(number: number, continuation: continuation))
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            leave(key, number, .cancelled)
        }
    }

    private func leave(_ key: Key, _ number: Int, _ outcome: Outcome) {
        let waiter = state.withLock { state in
            state.waiters[key]?.firstIndex { $0.number == number }.map { state.waiters[key]!.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: outcome)
    }

    private func give(_ key: Key) {
        let next = state.withLock { state -> Waiter? in
            if state.waiters[key]?.isEmpty == false { return state.waiters[key]!.removeFirst() }
            state.waiters[key] = nil
            return nil
        }
        next?.continuation.resume(returning: .taken)
    }
}
