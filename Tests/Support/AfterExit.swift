import Foundation
import Synchronization

/// Runs a bash script after this process has ended, whatever ended it. A normal exit waits for it.
/// - Parameter arguments: `$1` and so on.
package func afterExit(_ script: String, _ arguments: [String]) throws {
    var ends: [Int32] = [0, 0]
    // Unlike a pipe, it is close-on-exec from the start: no other child may keep it open.
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
        throw SocketError("socketpair")
    }
    defer { close(ends[0]) }
    // The shell reads until this process's end is closed.
    let shell = try ChildProcess(
        "bash", ["-c", "trap '' INT TERM; read -r _; \(script)", "after-exit"] + arguments, input: ends[0])
    let isFirst = waiting.withLock { waiting in
        waiting.append((ends[1], shell.pid))
        // The shell would be killed with this value.
        _ = Unmanaged.passRetained(shell)
        return waiting.count == 1
    }
    if isFirst {
        atexit {
            for (end, _) in waiting.withLock(\.self) { close(end) }
            for (_, pid) in waiting.withLock(\.self) { waitpid(pid, nil, 0) }
        }
    }
}

private let waiting = Mutex<[(end: Int32, pid: pid_t)]>([])
