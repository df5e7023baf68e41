import Synchronization

/// One lock for each key, which is granted in the order of the requests. Different keys don't wait for each other.
package final class KeyedMutex<Key: Hashable & Sendable>: Sendable {
    private struct Lock {
        let semaphore = AsyncSemaphore(count: 1)
        /// How many tasks hold the lock or wait for it.
        var users = 0
    }

    private let locks = Mutex<[Key: Lock]>([:])

    package init() {}

    /// - Throws: CancellationError if cancelled while waiting, or AsyncSemaphore.TimedOut.
    package func withLock<Value: Sendable>(
        on key: Key, until deadline: ContinuousClock.Instant? = nil, _ work: () async throws -> Value
    ) async throws -> Value {
        let semaphore = locks.withLock { locks in
            locks[key, default: Lock()].users += 1
            return locks[key]!.semaphore
        }
        defer {
            locks.withLock { locks in
                locks[key]!.users -= 1
                if locks[key]!.users == 0 { locks[key] = nil }
            }
        }
        return try await semaphore.withPermit(until: deadline, work)
    }
}
