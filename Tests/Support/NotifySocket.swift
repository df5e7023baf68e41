import Foundation

/// A service manager's notification socket (sd_notify(3)).
package final class NotifySocket {
    private let socket: BoundSocket

    /// - Parameter name: a path, or an abstract name after `@`.
    package init(_ name: String) throws { socket = try BoundSocket(SocketAddress(path: name), SOCK_DGRAM) }

    /// The next datagram, or nil if none arrives in that time.
    package func receive(within seconds: Double) -> String? {
        guard socket.isReadable(within: seconds) else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket.descriptor, &buffer, buffer.count, 0)
        return text(buffer.prefix(max(count, 0)))
    }
}
