import CFastCGI
import Glibc

/// A listening socket that we bound, or inherited.
package struct Listener: Sendable {
    let descriptor: Int32
    /// No other process accepts on it, so a drain must empty its queue.
    let isOwn: Bool
    let isUnix: Bool

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The mode admits the socket's group; `PeerUsers` then checks the peer's user at accept.
    private static let mode: mode_t = 0o660
    private static let backlog: Int32 = 1024

    /// Binds a unix socket under a temporary name and renames it over `path`, so an older process keeps its socket and
    /// clients always find a listener. Only a socket is ever replaced or removed.
    package static func bind(path: String) throws(Failure) -> Listener {
        let temporary = "\(path).\(getpid())"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard temporary.utf8.count < room else {
            throw Failure(description: "\(path): a socket's path may have \(room - 8) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: temporary.utf8) }
        for name in [path, temporary] where !mayReplace(name) {
            throw Failure(description: "\(name): exists and is not a socket")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | CLOEXEC, 0)
        guard descriptor >= 0 else { throw failure("socket") }
        unlink(temporary)
        let bound = withBytes(of: &address) { Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        guard bound == 0 else { throw failure(path) }
        guard chmod(temporary, mode) == 0, listen(descriptor, backlog) == 0, rename(temporary, path) == 0 else {
            defer { unlink(temporary) }
            throw failure(path)
        }
        return try taken(descriptor, isOwn: true)
    }

    /// Loopback only: anyone who can reach a FastCGI port can crash libfcgi (README, "Security").
    package static func bind(port: UInt16) throws(Failure) -> Listener {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | CLOEXEC, 0)
        guard descriptor >= 0 else { throw failure("socket") }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let bound = withBytes(of: &address) { Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        guard bound == 0, listen(descriptor, backlog) == 0 else { throw failure("127.0.0.1:\(port)") }
        return try taken(descriptor, isOwn: true)
    }

    /// Sockets handed over by systemd (LISTEN_FDS, from descriptor 3 on) or on descriptor 0 (spawn-fcgi, multiwatch).
    package static func inherited() throws(Failure) -> [Listener] {
        let count = getenv("LISTEN_FDS").flatMap { Int32(String(cString: $0)) } ?? 0
        let meant = getenv("LISTEN_PID").map { String(cString: $0) == String(getpid()) } ?? false
        let descriptors = meant && count > 0 ? Array(3..<3 + count) : [0]
        var listeners: [Listener] = []
        for descriptor in descriptors where shim_is_listening(descriptor) != 0 {
            listeners.append(try taken(descriptor, isOwn: false))
        }
        return listeners
    }

    /// The directory of a unix socket; nil for other sockets and unnamed ones.
    package var folder: String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isKnown =
            isUnix
            && withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
            } == 0
        let path = withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard isKnown, !path.isEmpty else { return nil }
        return path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    private static func mayReplace(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func taken(_ descriptor: Int32, isOwn: Bool) throws(Failure) -> Listener {
        guard shim_set_nonblocking(descriptor) >= 0 else { throw failure("fcntl") }
        // systemd makes a shared listener blocking again whenever it starts another process with it: accept(2) must not
        // wait then, either.
        var timeout = timeval(tv_sec: 0, tv_usec: 10_000)
        if !isOwn {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        return Listener(descriptor: descriptor, isOwn: isOwn, isUnix: shim_family(descriptor) == AF_UNIX)
    }

    private static let CLOEXEC = Int32(SOCK_CLOEXEC.rawValue)

    private static func failure(_ what: String) -> Failure {
        Failure(description: "\(what): \(String(cString: strerror(errno)))")
    }

    private static func withBytes<Address>(
        of address: inout Address, _ body: (UnsafePointer<sockaddr>) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }
}
