import System

/// The watchdog's heartbeat. Every event that a worker takes is a beat; when the process is idle, the main thread
/// causes one. If every worker is stuck there is no heartbeat, even though the main thread runs.
struct Heartbeat {
    private let manager: ServiceManager
    private var lastEventCount = 0
    private var lastNotification = 0
    /// Whether the manager has been notified of a state (serving or draining). Until then the main thread ticks faster.
    private(set) var hasReportedState = false

    init(_ manager: ServiceManager) {
        self.manager = manager
    }

    /// Notifies the manager that the process is draining. `serving` is never reported after that.
    mutating func beginDraining() {
        hasReportedState = true
        manager.notify(.draining)
    }

    mutating func check(_ server: Server) {
        let now = MonotonicClock.milliseconds()
        let isDue = manager.aliveMilliseconds.map { now - lastNotification >= $0 } ?? false
        let eventCount = server.workers.eventCount
        if eventCount == lastEventCount {
            if isDue || !hasReportedState { server.wakeWorker() }
            return
        }
        lastEventCount = eventCount
        if hasReportedState {
            guard isDue else { return }
            manager.notify(.alive)
        } else {
            hasReportedState = true
            manager.notify(.serving)
        }
        lastNotification = now
    }
}
