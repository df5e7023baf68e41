import Synchronization

/// One lock for each key. Different keys don't wait for each other.
package final class KeyedMutex: Sendable {
    private struct Lock {
        let semaphore = AsyncSemaphore(count: 1)
        /// How many tasks hold the lock or wait for it.
        var users = 0
    }

    private let locks = Mutex<[String: Lock]>([:])

    package init() {}

    /// - Throws: CancellationError if cancelled while waiting.
    package func withLock<Value: Sendable>(on key: String, _ work: () async throws -> Value) async throws -> Value {
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
        return try await semaphore.withPermit(work)
    }
}
