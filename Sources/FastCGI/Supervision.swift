import Glibc
import Synchronization

/// Whoever started the process and wants to know how it fares.
package struct Supervision: Sendable {
    package enum Sign: Sendable {
        /// The listeners are open and a worker has taken an event.
        case serving
        /// Workers have taken events since the last look.
        case alive
        /// No new connections are taken; the process ends when those it has have ended.
        case draining
    }

    /// How often `alive` is told, at 250 ms or slower; nil: never.
    let aliveMilliseconds: Int?
    /// Called on the main thread.
    let tell: @Sendable (Sign) -> Void

    package init(aliveMilliseconds: Int?, tell: @escaping @Sendable (Sign) -> Void) {
        self.aliveMilliseconds = aliveMilliseconds
        self.tell = tell
    }
}

/// The main thread's finger on the workers: every event they take is a beat, and where none comes, one is provoked through
/// the epoll set they wait on. Workers that are all stuck give none, however well the main thread is.
struct Pulse {
    private let supervision: Supervision
    private var seen = 0
    private var told = 0
    private(set) var isServing = false

    init(_ supervision: Supervision) {
        self.supervision = supervision
    }

    mutating func feel(_ server: Server) {
        let now = milliseconds()
        let due = supervision.aliveMilliseconds.map { now - told >= $0 } ?? false
        let served = server.workers.eventsTaken
        if served == seen {
            if due || !isServing { server.wakeWorker() }
            return
        }
        seen = served
        if isServing {
            guard due else { return }
            supervision.tell(.alive)
        } else {
            isServing = true
            supervision.tell(.serving)
        }
        told = now
    }
}

func milliseconds() -> Int { nanoseconds() / 1_000_000 }

func nanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int(now.tv_sec) * 1_000_000_000 + Int(now.tv_nsec)
}
