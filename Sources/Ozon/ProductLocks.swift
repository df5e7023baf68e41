import Core
import Synchronization
import Telemetry

/// A FIFO lock for each product, within this process. Ozon replaces the whole set of pictures and has no
/// compare-and-set, so a push must read what the previous one wrote.
final class ProductLocks: Sendable {
    private enum Acquisition {
        case acquired, timedOut, cancelled
    }

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Acquisition, Never>
    }

    private struct State {
        /// The waiters of each locked product, in order. An unlocked product has no entry.
        var waiters: [ProductKey: [Waiter]] = [:]
        var lastWaiterID = 0
    }

    private let state = Mutex(State())

    /// - Throws: 504 if the lock isn't free by the deadline.
    func withLock<Value: Sendable>(
        for key: ProductKey, until deadline: ContinuousClock.Instant, _ work: () async throws -> Value
    ) async throws -> Value {
        switch await acquire(key, until: deadline) {
        case .acquired: break
        case .timedOut: throw Fault(.ozonTimeout, detail: "Another push of this product is still running")
        case .cancelled: throw CancellationError()
        }
        defer { release(key) }
        return try await work()
    }

    private func acquire(_ key: ProductKey, until deadline: ContinuousClock.Instant) async -> Acquisition {
        let id = state.withLock { state in
            state.lastWaiterID += 1
            return state.lastWaiterID
        }
        let timer = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            resumeWaiter(id, of: key, with: .timedOut)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Cancellation and the deadline are checked under the lock. If either comes later, it finds the waiter.
                let acquisition = state.withLock { state -> Acquisition? in
                    if Task.isCancelled { return .cancelled }
                    if state.waiters[key] == nil {
                        state.waiters[key] = []
                        return .acquired
                    }
                    if ContinuousClock.now >= deadline { return .timedOut }
                    state.waiters[key]!.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let acquisition { continuation.resume(returning: acquisition) }
            }
        } onCancel: {
            resumeWaiter(id, of: key, with: .cancelled)
        }
    }

    private func resumeWaiter(_ id: Int, of key: ProductKey, with acquisition: Acquisition) {
        let waiter = state.withLock { state in
            state.waiters[key]?.firstIndex { $0.id == id }.map { state.waiters[key]!.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: acquisition)
    }

    private func release(_ key: ProductKey) {
        let next = state.withLock { state -> Waiter? in
            if state.waiters[key]?.isEmpty == false { return state.waiters[key]!.removeFirst() }
            state.waiters[key] = nil
            return nil
        }
        next?.continuation.resume(returning: .acquired)
    }
}
