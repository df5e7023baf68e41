import Glibc

/// The address of a unix socket: a path, or an abstract name of Linux, written with a leading `@`.
package struct UnixAddress: Sendable {
    private var socket = sockaddr_un()
    private let size: socklen_t

    /// Nil if the name has more than 107 bytes.
    package init?(_ name: String) {
        socket.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: socket.sun_path) else { return nil }
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &socket.sun_path) { $0.copyBytes(from: bytes) }
        size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count + (isAbstract ? 0 : 1))
    }

    /// Passes the address to a system call.
    package func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: socket) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
        }
    }
}
