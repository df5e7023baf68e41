import Glibc
import Synchronization
import System
import Telemetry

/// Lets the processes that share a socket drain one after the other, so that one of them always accepts connections,
/// even if all of them get SIGTERM at the same time (`systemctl restart NAME@1 NAME@2`).
///
/// The process that drains holds a lock on a file in systemd's runtime directory, which the processes share, until it
/// has ended. The others go on serving. The next one gets the lock then, and waits until the replacement of the first
/// serves.
package final class DrainTurn: Sendable {
    /// How long a process that has the lock waits for another one to serve. If all of them are stopped, none will.
    private static let replacementMilliseconds = 3000

    private struct State {
        var lock: Int32?
        var since = 0
    }

    private let path: String
    private let anotherServes: @Sendable () -> Bool
    private let state = Mutex(State())

    package init(directory: String, anotherServes: @escaping @Sendable () -> Bool) {
        path = "\(directory)/drain.lock"
        self.anotherServes = anotherServes
    }

    /// Tries to take the turn. Once taken, it lasts until this process has ended.
    /// - Returns: whether this process may stop accepting connections now.
    package func claim() -> Bool {
        state.withLock { state in
            if state.lock == nil {
                // Another user who may write in the directory must not keep the process from ending.
                guard let file = openOwnFile(path) else { return true }
                guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                    close(file)
                    return false
                }
                state = State(lock: file, since: MonotonicClock.milliseconds())
            }
            return anotherServes() || MonotonicClock.milliseconds() - state.since > Self.replacementMilliseconds
        }
    }
}
