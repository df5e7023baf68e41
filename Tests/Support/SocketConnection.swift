import Foundation

/// A connected stream socket. Reads and writes fail after `timeout`.
package final class SocketConnection {
    package let descriptor: Int32

    private init(_ address: SocketAddress, timeout: Double, receiveBuffer: Int32?) throws {
        descriptor = try address.connectedSocket { descriptor in
            var time = timeval(
                tv_sec: Int(timeout), tv_usec: Int(timeout.truncatingRemainder(dividingBy: 1) * 1e6))
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
            if var size = receiveBuffer {
                setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
            }
        }
    }

    /// - Parameters:
    ///   - timeout: in seconds, like every timeout here.
    ///   - receiveBuffer: SO_RCVBUF in bytes; nil: the system's default.
    package convenience init(port: UInt16, timeout: Double = 20, receiveBuffer: Int32? = nil) throws {
        try self.init(SocketAddress(port: port), timeout: timeout, receiveBuffer: receiveBuffer)
    }

    package convenience init(path: String, timeout: Double = 20) throws {
        try self.init(SocketAddress(path: path), timeout: timeout, receiveBuffer: nil)
    }

    deinit { close(descriptor) }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SocketError("send") }
            sent += count
        }
    }

    /// Ends the outgoing stream; the peer reads end-of-file.
    package func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Waits for at least one byte. Empty at end-of-file, and when the peer reset the connection.
    package func read(atMost count: Int = 64 * 1024) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &buffer, count, 0)
        if got < 0, errno == ECONNRESET { return [] }
        guard got >= 0 else { throw SocketError("read") }
        return Array(buffer[..<got])
    }

    package func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while case let more = try read(), !more.isEmpty { all += more }
        return all
    }

    /// Reads until the text contains `mark`, and returns all of the text.
    package func read(until mark: String) throws -> String {
        var all: [UInt8] = []
        while true {
            let more = try read()
            all += more
            let text = String(decoding: all, as: UTF8.self)
            if text.contains(mark) { return text }
            if more.isEmpty { throw TimedOut("the peer closed before \(mark): \(text.suffix(300))") }
        }
    }
}
