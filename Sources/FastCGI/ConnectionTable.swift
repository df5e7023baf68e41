import CFastCGI
import Descriptors
import Glibc
import Synchronization

/// Every connection record there is, by index; free ones are used again. As many at most as the process may have descriptors.
final class ConnectionTable: @unchecked Sendable {
    private let records: UnsafeMutablePointer<Connection?>
    private let capacity: Int
    private let state = Mutex<(made: Int, free: [UInt32])>((0, []))

    init() {
        capacity = min(Descriptors.limit, 65_536)
        records = .allocate(capacity: capacity)
        records.initialize(repeating: nil, count: capacity)
    }

    subscript(index: UInt32) -> Connection { records[Int(index)]! }

    var open: Int { state.withLock { $0.made - $0.free.count } }

    /// nil: the table is full.
    func take() -> Connection? {
        state.withLock { state in
            if let index = state.free.popLast() { return self[index] }
            guard state.made < capacity else { return nil }
            let connection = Connection(index: UInt32(state.made))
            records[state.made] = connection
            state.made += 1
            return connection
        }
    }

    func give(_ connection: Connection) {
        state.withLock { $0.free.append(connection.index) }
    }

    /// Those that wait for a request or for their peer to close, each taken from the workers for good.
    func takeParked() -> [Connection] {
        let made = state.withLock { $0.made }
        return (0..<UInt32(made)).map { self[$0] }.filter { connection in
            let state = connection.state
            return state.phase == .parked && connection.move(state.generation, from: .parked, to: .running)
        }
    }
}

/// Requests whose handler has ended, on their way to a worker. The descriptor is readable while any wait.
final class ReadyQueue: Sendable {
    let descriptor = eventfd(0, Int32(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
    private let waiting = Mutex<[Connection]>([])

    func post(_ connection: Connection) {
        waiting.withLock { $0.append(connection) }
        wake()
    }

    /// Without a request too: `take` then finds none.
    func wake() { eventfd_write(descriptor, 1) }

    func take() -> Connection? {
        var one: eventfd_t = 0
        guard eventfd_read(descriptor, &one) == 0 else { return nil }
        return waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}

/// How the workers fare: enough to see that all of them are held.
final class WorkerCount: Sendable {
    let busy = Atomic<Int>(0)
    let served = Atomic<Int>(0)
    let acceptPaused = Atomic<Bool>(false)
}
