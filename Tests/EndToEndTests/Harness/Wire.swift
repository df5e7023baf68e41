import Foundation

struct WireError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}

/// One stream socket: bytes out, bytes in. No read waits longer than `patience`.
final class Wire {
    let descriptor: Int32

    private init(_ family: Int32, patience: Double, receiveBuffer: Int32?) throws {
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw WireError("socket") }
        var time = timeval(tv_sec: Int(patience), tv_usec: Int(patience.truncatingRemainder(dividingBy: 1) * 1e6))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    convenience init(port: UInt16, patience: Double = 20, receiveBuffer: Int32? = nil) throws {
        try self.init(AF_INET, patience: patience, receiveBuffer: receiveBuffer)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard result == 0 else { throw WireError("connect to port \(port)") }
    }

    convenience init(path: String, patience: Double = 20) throws {
        try self.init(AF_UNIX, patience: patience, receiveBuffer: nil)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path), "socket path too long: \(path)")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard result == 0 else { throw WireError("connect to \(path)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw WireError("send") }
            sent += count
        }
    }

    /// No more goes out; the peer sees the end.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What there is, at least a byte; empty at the end, which a reset counts as.
    func read(atMost count: Int = 64 * 1024) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &buffer, count, 0)
        if got < 0, errno == ECONNRESET { return [] }
        guard got >= 0 else { throw WireError("read") }
        return Array(buffer[..<got])
    }

    func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while case let more = try read(), !more.isEmpty { all += more }
        return all
    }

    /// Reads until the text seen so far contains this one; answers all of it.
    func read(until mark: String) throws -> String {
        var all: [UInt8] = []
        while true {
            let more = try read()
            all += more
            let text = String(decoding: all, as: UTF8.self)
            if text.contains(mark) { return text }
            if more.isEmpty { throw TooLate(description: "the peer closed before \(mark): \(text.suffix(300))") }
        }
    }
}
