import Foundation
import Synchronization

/// A bound socket from which nothing reads. A stream socket listens, so that the kernel accepts connections.
package final class BoundSocket: Sendable {
    package let descriptor: Int32

    package init(_ address: SocketAddress, _ type: __socket_type = SOCK_STREAM) throws {
        descriptor = try address.boundSocket(type)
    }

    deinit { close(descriptor) }

    /// True if a connection or a datagram arrives in that time.
    package func isReadable(within seconds: Double = 0) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(seconds * 1000)) == 1
    }
}

/// A TCP port of 127.0.0.1 on which nothing listens. Each call returns another one. The ports are below the ephemeral
/// range, so no outgoing connection takes one before a test binds it.
package func closedPort() throws -> UInt16 {
    for _ in 0..<ports.count {
        let port = nextPort.withLock { next in
            next = next == ports.upperBound ? ports.lowerBound : next + 1
            return next
        }
        if let descriptor = try? SocketAddress(port: port).boundSocket() {
            close(descriptor)
            return port
        }
    }
    throw SocketError("no port is free")
}

private let ports: ClosedRange<UInt16> = 10_000...19_999
private let nextPort = Mutex(UInt16.random(in: ports))
