import FastCGI
import Glibc

/// Tells the service manager how the process fares, as sd_notify(3) does, without its library: one datagram to the socket
/// `NOTIFY_SOCKET` (a path, or an abstract name behind `@`) for each sign. Without that variable nothing is sent.
///
///     serving    READY=1, STATUS=Serving
///     alive      WATCHDOG=1, twice in `WATCHDOG_USEC` if that is set and `WATCHDOG_PID`, if any, is ours
///     draining   STOPPING=1, STATUS=Draining
package struct Notifier: Sendable {
    private let address: Address?
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    private let watchdogMilliseconds: Int?

    package static func process() -> Notifier {
        Notifier { name in getenv(name).map { String(cString: $0) } }
    }

    package init(environment: (String) -> String?) {
        address = environment("NOTIFY_SOCKET").flatMap { Address($0) }
        let isMeant = environment("WATCHDOG_PID").map { $0 == String(getpid()) } ?? true
        let microseconds = environment("WATCHDOG_USEC").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        watchdogMilliseconds = isMeant && address != nil ? microseconds.map { $0 / 2000 } : nil
    }

    /// - Parameter onDrain: called when a drain begins, besides.
    package func supervision(onDrain: @escaping @Sendable () -> Void = {}) -> Supervision {
        Supervision(aliveMilliseconds: watchdogMilliseconds) { sign in
            switch sign {
            case .serving: send("READY=1\nSTATUS=Serving")
            case .alive: send("WATCHDOG=1")
            case .draining:
                onDrain()
                send("STOPPING=1\nSTATUS=Draining")
            }
        }
    }

    /// Addressed each time: the manager may have made its socket anew.
    private func send(_ text: String) {
        guard var address else { return }
        let bytes = Array(text.utf8)
        withUnsafePointer(to: &address.socket) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, bytes, bytes.count, 0, $0, address.size)
            }
        }
    }
}

private struct Address: Sendable {
    var socket = sockaddr_un()
    let size: socklen_t

    /// nil: neither a path nor an abstract name, or too long.
    init?(_ name: String) {
        socket.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        let isAbstract = bytes.first == UInt8(ascii: "@")
        guard isAbstract || bytes.first == UInt8(ascii: "/"), bytes.count < MemoryLayout.size(ofValue: socket.sun_path)
        else { return nil }
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &socket.sun_path) { $0.copyBytes(from: bytes) }
        size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count + (isAbstract ? 0 : 1))
    }
}
