/// The log and the scoreboard of a process, in which its requests are recorded.
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
