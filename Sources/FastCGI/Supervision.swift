import Glibc

/// Reports the process's state to the service manager that started it.
package struct Supervision: Sendable {
    package enum Sign: Sendable {
        /// The listeners are open and a worker has taken an event.
        case serving
        /// Workers have handled events since the last check.
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

/// The watchdog's heartbeat. Each handled event counts; when the process is idle, the main thread posts one to the
/// epoll set. If every worker is stuck there is no heartbeat, even though the main thread runs.
struct Heartbeat {
    private let supervision: Supervision
    private var seen = 0
    private var lastReport = 0
    private(set) var isServing = false

    init(_ supervision: Supervision) {
        self.supervision = supervision
    }

    /// From here on the process isn't reported as serving.
    mutating func beginDraining() {
        isServing = true
        supervision.tell(.draining)
    }

    mutating func check(_ server: Server) {
        let now = milliseconds()
        let due = supervision.aliveMilliseconds.map { now - lastReport >= $0 } ?? false
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
        lastReport = now
    }
}

func milliseconds() -> Int { nanoseconds() / 1_000_000 }

func nanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int(now.tv_sec) * 1_000_000_000 + Int(now.tv_nsec)
}
