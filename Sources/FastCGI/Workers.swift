import CFastCGI
import Glibc
import Synchronization

/// Which worker threads run, which one waits for events, and which rest.
final class Workers: Sendable {
    private let busyCount = Atomic<Int>(0)
    private let restingCount = Atomic<Int>(0)
    private let polling = Atomic<Bool>(false)
    private let events = Atomic<Int>(0)
    private let average = Atomic<Int>(0)
    /// A count of calls: each ends one worker's rest.
    private let calls = eventfd(0, Int32(EFD_SEMAPHORE | EFD_CLOEXEC))

    /// Threads that are neither waiting for events nor resting.
    var busy: Int { busyCount.load(ordering: .sequentiallyConsistent) }
    var isPolling: Bool { polling.load(ordering: .sequentiallyConsistent) }
    /// How many events have been taken: whether workers still move.
    var eventsTaken: Int { events.load(ordering: .relaxed) }
    /// Nanoseconds that a connection has lately held a worker, on average.
    var averageRun: Int { average.load(ordering: .relaxed) }

    func countEvent() { events.add(1, ordering: .relaxed) }

    func countRun(_ nanoseconds: Int) {
        let old = averageRun
        average.store(old + (nanoseconds - old) / 8, ordering: .relaxed)
    }

    func addThread() { busyCount.add(1, ordering: .sequentiallyConsistent) }
    func removeThread() { busyCount.subtract(1, ordering: .sequentiallyConsistent) }

    /// - Returns: false if another worker waits for events.
    func beginPolling() -> Bool { !polling.exchange(true, ordering: .sequentiallyConsistent) }
    func endPolling() { polling.store(false, ordering: .sequentiallyConsistent) }

    func sleeping(_ body: () -> Void) {
        busyCount.subtract(1, ordering: .sequentiallyConsistent)
        body()
        busyCount.add(1, ordering: .sequentiallyConsistent)
    }

    /// Sleeps until called, if another worker waits for events and the condition doesn't hold. Both are read after this
    /// worker counts as resting, and `callAnother` reads that count after it has made one of them change: one of the two
    /// always sees the other.
    func rest(unless condition: () -> Bool) {
        restingCount.add(1, ordering: .sequentiallyConsistent)
        if isPolling, !condition() {
            sleeping {
                var call: eventfd_t = 0
                eventfd_read(calls, &call)
            }
        }
        restingCount.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// Ends one worker's rest, if any rests.
    func callAnother() {
        if restingCount.load(ordering: .sequentiallyConsistent) > 0 { eventfd_write(calls, 1) }
    }
}
