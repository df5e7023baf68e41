/// The service manager that started the process, which is notified of the process's state.
package struct ServiceManager: Sendable {
    package enum State: Sendable {
        /// The listeners are open and a worker has taken an event.
        case serving
        /// Workers have handled events since the last notification.
        case alive
        /// The process accepts no new connections, and ends when the open ones have ended.
        case draining
    }

    /// The interval of the `alive` notifications; nil if disabled. Intervals below 250 ms cannot be guaranteed.
    let aliveMilliseconds: Int?
    /// Called on the main thread.
    let notify: @Sendable (State) -> Void

    package init(aliveMilliseconds: Int?, notify: @escaping @Sendable (State) -> Void) {
        self.aliveMilliseconds = aliveMilliseconds
        self.notify = notify
    }
}
