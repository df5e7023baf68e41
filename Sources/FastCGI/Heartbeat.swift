import System

/// The watchdog's heartbeat. Every event that a worker takes is a beat; when the process is idle, the main thread
/// causes one. If every worker is stuck there is no heartbeat, even though the main thread runs.
struct Heartbeat {
    private let manager: ServiceManager
    private var lastEventCount = 0
    private var lastNotification = 0
    /// The manager has been notified that the process serves requests, or that it drains.
    private(set) var isServing = false

    init(_ manager: ServiceManager) {
        self.manager = manager
    }

    /// Notifies the manager. The process isn't reported as serving from now on.
    mutating func beginDraining() {
        isServing = true
        manager.notify(.draining)
    }

    mutating func check(_ server: Server) {
        let now = MonotonicClock.milliseconds()
        let isDue = manager.aliveMilliseconds.map { now - lastNotification >= $0 } ?? false
        let eventCount = server.workers.eventCount
        if eventCount == lastEventCount {
            if isDue || !isServing { server.wakeWorker() }
            return
        }
        lastEventCount = eventCount
        if isServing {
            guard isDue else { return }
            manager.notify(.alive)
        } else {
            isServing = true
            manager.notify(.serving)
        }
        lastNotification = now
    }
}
