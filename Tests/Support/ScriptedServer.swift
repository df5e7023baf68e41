import Foundation
import Synchronization

/// A server on loopback that plays a script to each connection, byte for byte: the wire as text.
package final class ScriptedServer: Sendable {
    package enum Step: Sendable {
        /// Waits for one whole request: its head, and as much body as Content-Length says.
        case receive
        case send(String)
        case sendBytes([UInt8])
        /// Breaks the connection off with RST.
        case reset
        /// Says nothing more until the peer has gone.
        case stall
    }

    package enum Event: Sendable, Equatable {
        case request(connection: Int, String)
        /// The peer closed a connection on which the script stalls.
        case peerLeft(connection: Int)
    }

    package let port: UInt16
    private let listener: Int32
    private let scripts: [[Step]]
    private let continuation: AsyncStream<Event>.Continuation
    private let stream: AsyncStream<Event>
    private let isStopped = Atomic<Bool>(false)
    private let received = Mutex<[String]>([])

    /// - Parameter scripts: one for each connection in order, the last for all that follow. At its end the server closes.
    package convenience init(_ scripts: [Step]...) throws { try self.init(scripts: scripts) }

    package init(scripts: [[Step]]) throws {
        self.scripts = scripts
        (listener, port) = try listening()
        (stream, continuation) = AsyncStream.makeStream()
        let accept: @Sendable () -> Void = { [weak self, listener] in
            // Closed here and nowhere else, so that no other socket gets its number while this thread may wait for it.
            defer { close(listener) }
            var count = 0
            while let socket = accepted(listener) {
                guard let self, !self.isStopped.load(ordering: .acquiring) else {
                    close(socket)
                    return
                }
                let number = count
                count += 1
                let play: @Sendable () -> Void = { self.play(number, socket) }
                Thread.detachNewThread(play)
            }
        }
        Thread.detachNewThread(accept)
    }

    deinit {
        isStopped.store(true, ordering: .releasing)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// The whole requests so far: those a caller has answers to are among them.
    package var requests: [String] { received.withLock { $0 } }

    /// What happened, in order, as it happens. For one reader.
    package var events: AsyncStream<Event> { stream }

    private func play(_ number: Int, _ socket: Int32) {
        defer { close(socket) }
        for step in scripts[min(number, scripts.count - 1)] {
            switch step {
            case .receive:
                guard let request = wholeRequest(socket) else { return }
                received.withLock { $0.append(request) }
                continuation.yield(.request(connection: number, request))
            case .send(let text): write(Array(text.utf8), socket)
            case .sendBytes(let bytes): write(bytes, socket)
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return
            case .stall:
                var byte: UInt8 = 0
                while recv(socket, &byte, 1, 0) > 0 {}
                continuation.yield(.peerLeft(connection: number))
            }
        }
    }
}

/// A port on which nobody listens.
package func closedPort() throws -> UInt16 {
    let (socket, port) = try listening()
    close(socket)
    return port
}

private func listening() throws -> (Int32, UInt16) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(listener, $0, size) == 0 && listen(listener, 128) == 0 && getsockname(listener, $0, &size) == 0
        }
    }
    guard result else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return (listener, UInt16(bigEndian: address.sin_port))
}

/// Waits in poll, and gives the accepted socket no time limit: the tests of inherited listeners make every listening socket
/// of the process non-blocking and limit its waits, which accepted sockets inherit.
private func accepted(_ listener: Int32) -> Int32? {
    while true {
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, -1) == 1, Int32(waiting.revents) & POLLIN != 0 else { return nil }
        let socket = accept(listener, nil, nil)
        if socket >= 0 {
            var none = timeval()
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &none, socklen_t(MemoryLayout<timeval>.size))
            return socket
        }
        if errno != EAGAIN { return nil }
    }
}

private func wholeRequest(_ socket: Int32) -> String? {
    var bytes: [UInt8] = []
    var wanted: Int?
    var buffer = [UInt8](repeating: 0, count: 4096)
    while wanted == nil || bytes.count < wanted! {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        bytes += buffer[..<count]
        guard wanted == nil, let end = text(bytes).range(of: "\r\n\r\n") else { continue }
        let head = text(bytes)[..<end.upperBound]
        let length = head.lowercased().components(separatedBy: "content-length:").dropFirst().first
        wanted = head.utf8.count + (length.map { Int($0.prefix { $0 != "\r\n" }.filter(\.isNumber))! } ?? 0)
    }
    return text(bytes)
}

private func write(_ bytes: [UInt8], _ socket: Int32) {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        if count <= 0 { return }
        sent += count
    }
}
