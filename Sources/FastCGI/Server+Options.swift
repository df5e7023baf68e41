extension Server {
    package struct Options: Sendable {
        let maxBodyBytes: Int
        let drainSeconds: Int
        let peers: AllowedPeers
        /// Called on SIGHUP.
        let reload: (@Sendable () -> Void)?
        /// Writes buffered log lines. Called by workers when no connection is ready, and at least every 100 ms.
        let flush: @Sendable () -> Void
        /// Logs an event of interest to operators, as a message and its detail.
        let report: @Sendable (String, String) -> Void
        let serviceManager: ServiceManager
        /// Called repeatedly after SIGTERM. The process accepts connections until it returns true.
        let claimDrainTurn: @Sendable () -> Bool

        package init(
            maxBodyBytes: Int, drainSeconds: Int, peers: AllowedPeers, reload: (@Sendable () -> Void)?,
            flush: @escaping @Sendable () -> Void, report: @escaping @Sendable (String, String) -> Void,
            serviceManager: ServiceManager, claimDrainTurn: @escaping @Sendable () -> Bool
        ) {
            self.maxBodyBytes = maxBodyBytes
            self.drainSeconds = drainSeconds
            self.peers = peers
            self.reload = reload
            self.flush = flush
            self.report = report
            self.serviceManager = serviceManager
            self.claimDrainTurn = claimDrainTurn
        }
    }
}
