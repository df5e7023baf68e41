import CFastCGI
import Glibc
import System

/// A listening socket that this process has bound or inherited.
package struct Listener: Sendable {
    let descriptor: Int32
    /// No other process accepts on the socket, so a drain must empty its queue.
    package let isPrivate: Bool
    let isUnix: Bool

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Members of the socket's group may connect; `AllowedPeers` then checks the peer's user.
    private static let mode: mode_t = 0o660
    private static let backlog: Int32 = 1024
    /// The maximum number of descriptors that are taken from systemd, whatever `LISTEN_FDS` says.
    private static let maxInherited: Int32 = 1024
    /// The maximum length of the suffix of a temporary name: a dot and a process id.
    private static let maxSuffixBytes = 8

    /// Binds a unix socket under a temporary name and renames it to `path`, so that an older process keeps its socket
    /// and clients always find a listener. Only sockets are ever replaced or removed.
    package static func bind(path: String) throws(Failure) -> Listener {
        let temporary = "\(path).\(getpid())"
        guard let address = UnixAddress(path: temporary) else {
            let limit = UnixAddress.maxPathBytes - maxSuffixBytes
            throw Failure(description: "\(path): the path of a socket may have at most \(limit) bytes")
        }
        for name in [path, temporary] where !mayReplace(name) {
            throw Failure(description: "\(name): exists and is not a socket")
        }
        let descriptor = try socket(AF_UNIX)
        unlink(temporary)
        guard address.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else { throw failure(path) }
        guard chmod(temporary, mode) == 0, listen(descriptor, backlog) == 0, rename(temporary, path) == 0 else {
            defer { unlink(temporary) }
            throw failure(path)
        }
        return try makeNonblocking(descriptor, isPrivate: true)
    }

    /// Loopback only: anyone who can reach a FastCGI port can crash libfcgi (README, "Security").
    package static func bind(port: UInt16) throws(Failure) -> Listener {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = try socket(AF_INET)
        setSocketOption(SO_REUSEADDR, of: descriptor, to: 1 as Int32)
        let result = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(descriptor, backlog) == 0 else { throw failure("127.0.0.1:\(port)") }
        return try makeNonblocking(descriptor, isPrivate: true)
    }

    /// Sockets passed by systemd (LISTEN_FDS, from descriptor 3 on) or on descriptor 0 (spawn-fcgi, multiwatch).
    package static func inherited() throws(Failure) -> [Listener] {
        let descriptors = inheritedDescriptors { name in getenv(name).map { String(cString: $0) } }
        var listeners: [Listener] = []
        for descriptor in descriptors where shim_is_listening(descriptor) != 0 {
            listeners.append(try makeNonblocking(descriptor, isPrivate: false))
        }
        return listeners
    }

    /// The descriptors that may be inherited listening sockets.
    static func inheritedDescriptors(environment: (String) -> String?) -> Range<Int32> {
        let count = environment("LISTEN_FDS").flatMap { Int32($0) } ?? 0
        let isForUs = environment("LISTEN_PID") == String(getpid())
        return isForUs && count > 0 ? 3..<3 + min(count, maxInherited) : 0..<1
    }

    /// The directory of a unix socket; nil for other sockets and unnamed ones.
    package var directory: String? {
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

    private static func socket(_ family: Int32) throws(Failure) -> Int32 {
        let descriptor = Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket") }
        return descriptor
    }

    private static func makeNonblocking(_ descriptor: Int32, isPrivate: Bool) throws(Failure) -> Listener {
        guard shim_set_nonblocking(descriptor) >= 0 else { throw failure("fcntl") }
        // systemd makes a shared listener blocking again whenever it starts another process with it. The timeout keeps
        // accept(2) from waiting then.
        if !isPrivate { setSocketOption(SO_RCVTIMEO, of: descriptor, to: timeval(tv_sec: 0, tv_usec: 10_000)) }
        return Listener(descriptor: descriptor, isPrivate: isPrivate, isUnix: shim_family(descriptor) == AF_UNIX)
    }

    private static func failure(_ subject: String) -> Failure {
        Failure(description: "\(subject): \(errnoText())")
    }
}
