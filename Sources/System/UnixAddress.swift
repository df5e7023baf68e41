import Glibc

/// The address of a unix socket: a path, or an abstract name of Linux (unix(7)).
package struct UnixAddress: Sendable {
    package static let maxPathBytes = 107
    private var socket = sockaddr_un()
    private let size: socklen_t

    /// Nil if the path has more than `maxPathBytes`.
    package init?(path: String) {
        self.init(Array(path.utf8) + [0])
    }

    /// - Parameter name: a path, or an abstract name in which `@` replaces the leading zero byte.
    package init?(pathOrAbstractName name: String) {
        guard name.hasPrefix("@") else {
            self.init(path: name)
            return
        }
        self.init([0] + name.utf8.dropFirst())
    }

    private init?(_ bytes: [UInt8]) {
        guard bytes.count <= MemoryLayout.size(ofValue: socket.sun_path) else { return nil }
        socket.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &socket.sun_path) { $0.copyBytes(from: bytes) }
        size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + bytes.count)
    }

    /// Passes the address to a system call.
    package func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: socket) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
        }
    }
}
