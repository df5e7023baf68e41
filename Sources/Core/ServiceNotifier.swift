import FastCGI
import Glibc
import System

/// Reports the process's state to the service manager with the protocol of sd_notify(3): each state is one datagram to
/// the socket `NOTIFY_SOCKET` (a path, or an abstract name with a leading `@`). Nothing is sent if that is unset.
///
///     serving    READY=1, STATUS=Serving
///     alive      WATCHDOG=1, twice per `WATCHDOG_USEC`, if that is set and `WATCHDOG_PID` is unset or ours
///     draining   STOPPING=1, STATUS=Draining
struct ServiceNotifier: Sendable {
    private let address: UnixAddress?
    private let descriptor: Int32
    private let watchdogMilliseconds: Int?

    static func fromEnvironment() -> ServiceNotifier {
        ServiceNotifier { name in getenv(name).map { String(cString: $0) } }
    }

    init(environment: (String) -> String?) {
        address = environment("NOTIFY_SOCKET").flatMap { name in
            name.hasPrefix("/") || name.hasPrefix("@") ? UnixAddress(pathOrAbstractName: name) : nil
        }
        descriptor = address == nil ? -1 : socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let isForUs = environment("WATCHDOG_PID").map { $0 == String(getpid()) } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        // Half of WATCHDOG_USEC, in milliseconds.
        watchdogMilliseconds = isForUs && address != nil ? microseconds.map { $0 / 2000 } : nil
    }

    /// - Parameter onDrain: called when a drain begins.
    func serviceManager(onDrain: @escaping @Sendable () -> Void) -> ServiceManager {
        ServiceManager(aliveMilliseconds: watchdogMilliseconds) { state in
            switch state {
            case .serving: send("READY=1\nSTATUS=Serving")
            case .alive: send("WATCHDOG=1")
            case .draining:
                onDrain()
                send("STOPPING=1\nSTATUS=Draining")
            }
        }
    }

    /// The socket isn't connected, because the manager may have replaced it.
    private func send(_ text: String) {
        let bytes = Array(text.utf8)
        address?.withSocketAddress { _ = sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
    }
}
