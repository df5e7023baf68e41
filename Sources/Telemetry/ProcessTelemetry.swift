/// Where the requests of a process are logged and counted.
package struct ProcessTelemetry: Sendable {
    package let log: Log
    package let scoreboard: Scoreboard
    /// A request that takes this long is logged and counted as slow.
    let slowMilliseconds: Int

    package init(log: Log, scoreboard: Scoreboard, slowMilliseconds: Int) {
        self.log = log
        self.scoreboard = scoreboard
        self.slowMilliseconds = slowMilliseconds
    }
}
