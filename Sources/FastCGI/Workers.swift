import CFastCGI
import Glibc
import Synchronization

/// Tracks which worker threads are busy, which one polls, and which rest.
final class Workers: Sendable {
    private let threadCount = Atomic<Int>(0)
    private let busyCount = Atomic<Int>(0)
    private let restingCount = Atomic<Int>(0)
    private let polling = Atomic<Bool>(false)
    private let events = Atomic<Int>(0)
    private let averageRun = Atomic<Int>(0)
    /// A semaphore: each token wakes one resting worker.
    private let wakeTokens = eventfd(0, Int32(EFD_SEMAPHORE | EFD_CLOEXEC))

    /// The number of threads that neither wait for events nor rest.
    var busy: Int { busyCount.load(ordering: .sequentiallyConsistent) }
    var isPolling: Bool { polling.load(ordering: .sequentiallyConsistent) }
    /// The number of events taken so far, which shows whether workers still make progress.
    var eventCount: Int { events.load(ordering: .relaxed) }
    /// A moving average of the duration of a run. The latest run has a weight of 1/8.
    var averageRunNanoseconds: Int { averageRun.load(ordering: .relaxed) }

    func countEvent() { events.add(1, ordering: .relaxed) }

    func countRun(_ nanoseconds: Int) {
        let old = averageRunNanoseconds
        averageRun.store(old + (nanoseconds - old) / 8, ordering: .relaxed)
    }

    var threads: Int { threadCount.load(ordering: .relaxed) }

    func addThread() {
        threadCount.add(1, ordering: .relaxed)
        busyCount.add(1, ordering: .sequentiallyConsistent)
    }

    func removeThread() {
        threadCount.subtract(1, ordering: .relaxed)
        busyCount.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// - Returns: false if another worker polls.
    func beginPolling() -> Bool { !polling.exchange(true, ordering: .sequentiallyConsistent) }
    func endPolling() { polling.store(false, ordering: .sequentiallyConsistent) }

    func whileNotBusy(_ body: () -> Void) {
        busyCount.subtract(1, ordering: .sequentiallyConsistent)
        body()
        busyCount.add(1, ordering: .sequentiallyConsistent)
    }

    /// Sleeps until woken, unless no worker polls. A worker counts as resting before it reads whether another polls,
    /// and `wakeRestingWorker` is called after polling has ended, so at least one side sees the other.
    func rest() {
        restingCount.add(1, ordering: .sequentiallyConsistent)
        // A worker that doesn't rest after all decrements the count again, or takes the token of the thread that has
        // claimed it.
        if !isPolling, claimRestingWorker() { return }
        whileNotBusy {
            var token: eventfd_t = 0
            eventfd_read(wakeTokens, &token)
        }
    }

    func wakeRestingWorker() {
        if claimRestingWorker() { eventfd_write(wakeTokens, 1) }
    }

    /// Decrements the number of resting workers; a token must then wake one.
    /// - Returns: false if no worker rests.
    private func claimRestingWorker() -> Bool {
        var count = restingCount.load(ordering: .sequentiallyConsistent)
        while count > 0 {
            let (exchanged, original) = restingCount.weakCompareExchange(
                expected: count, desired: count - 1, ordering: .sequentiallyConsistent)
            if exchanged { return true }
            count = original
        }
        return false
    }
}
