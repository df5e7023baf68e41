import Foundation

/// An IPv4 or Unix-domain socket address.
package struct SocketAddress {
    private var storage = sockaddr_storage()
    private let length: socklen_t

    /// - Parameter host: the IPv4 address in host byte order; 127.0.0.1 by default.
    package init(host: UInt32 = 0x7F00_0001, port: UInt16) {
        length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let address = sockaddr_in(
            sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian, sin_addr: in_addr(s_addr: host.bigEndian),
            sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
    }

    /// - Parameter path: a path, or an abstract name after `@`.
    package init(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isAbstract = path.hasPrefix("@")
        let bytes = isAbstract ? [0] + path.utf8.dropFirst() : path.utf8 + [0]
        precondition(bytes.count <= MemoryLayout.size(ofValue: address.sun_path), "socket path too long: \(path)")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_un.self) }
    }

    /// A socket connected to this address.
    /// - Parameter configure: called before connect(2), to set options.
    package func connectedSocket(configure: (Int32) -> Void = { _ in }) throws -> Int32 {
        try socket(SOCK_STREAM, "connect") { descriptor, address in
            configure(descriptor)
            return Glibc.connect(descriptor, address, length)
        }
    }

    /// A socket bound to this address. A stream socket listens.
    package func boundSocket(_ type: __socket_type = SOCK_STREAM) throws -> Int32 {
        try socket(type, "bind") { descriptor, address in
            let result = Glibc.bind(descriptor, address, length)
            return result == 0 && type == SOCK_STREAM ? listen(descriptor, 128) : result
        }
    }

    private func socket(
        _ type: __socket_type, _ call: String, _ open: (Int32, UnsafePointer<sockaddr>) -> Int32
    ) throws -> Int32 {
        let descriptor = Glibc.socket(Int32(storage.ss_family), Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("socket") }
        let result = withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { open(descriptor, $0) }
        }
        guard result == 0 else {
            let error = SocketError(call)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The port that a bound IPv4 socket has.
    package static func port(of descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0 else { throw SocketError("getsockname") }
        return UInt16(bigEndian: address.sin_port)
    }
}
