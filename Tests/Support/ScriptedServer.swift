import Foundation
import Synchronization

/// A server on 127.0.0.1 that plays a script on each connection, byte for byte.
package final class ScriptedServer: Sendable {
    package enum Step: Sendable {
        /// Waits for one complete request: its head, and a body of Content-Length bytes.
        case receive
        case send(String)
        case sendBytes([UInt8])
        /// Resets the connection.
        case reset
        /// Sends nothing until the peer closes.
        case stall
        /// Calls the closure, for instance to wait for the test.
        case run(@Sendable () -> Void)
    }

    package enum Event: Sendable, Equatable {
        case request(connection: Int, String)
        /// The peer closed a connection on which the script stalled.
        case peerLeft(connection: Int)
    }

    package let port: UInt16
    private let listener: Int32
    private let scripts: [[Step]]
    private let continuation: AsyncStream<Event>.Continuation
    private let stream: AsyncStream<Event>
    private let isStopped = Atomic<Bool>(false)
    private let received = Mutex<[String]>([])

    /// - Parameter scripts: one for each connection in order; the last also for all later ones. The server closes the
    ///   connection at the end of its script.
    package convenience init(_ scripts: [Step]...) throws { try self.init(scripts: scripts) }

    package init(scripts: [[Step]]) throws {
        self.scripts = scripts
        listener = try SocketAddress(port: 0).boundSocket()
        port = try SocketAddress.port(of: listener)
        (stream, continuation) = AsyncStream.makeStream()
        let accept: @Sendable () -> Void = { [weak self, listener] in
            // Only this thread closes the descriptor; otherwise another socket could reuse its number while it polls.
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

    /// The complete requests so far, among them all that were answered.
    package var requests: [String] { received.withLock { $0 } }

    /// The events in order, for one reader.
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
            case .run(let body): body()
            }
        }
    }
}

/// Polls first and clears SO_RCVTIMEO, because the tests of inherited listeners make every listening socket of the
/// process non-blocking and set a timeout, which accepted sockets inherit.
private func accepted(_ listener: Int32) -> Int32? {
    while true {
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, -1) == 1, Int32(waiting.revents) & POLLIN != 0 else { return nil }
        let socket = acceptCloseOnExec(listener)
        if socket >= 0 {
            var none = timeval()
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &none, socklen_t(MemoryLayout<timeval>.size))
            return socket
        }
        if errno != EAGAIN { return nil }
    }
}

/// accept4(2), which Swift does not import. With fcntl(2), a process that another test starts could inherit the socket.
private func acceptCloseOnExec(_ listener: Int32) -> Int32 {
    typealias Function = @convention(c) (Int32, OpaquePointer?, OpaquePointer?, Int32) -> Int32
    return unsafeBitCast(dlsym(nil, "accept4"), to: Function.self)(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
}

private func wholeRequest(_ socket: Int32) -> String? {
    var bytes: [UInt8] = []
    var size: Int?
    var buffer = [UInt8](repeating: 0, count: 4096)
    while size == nil || bytes.count < size! {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        bytes += buffer[..<count]
        guard size == nil, let end = text(bytes).range(of: "\r\n\r\n") else { continue }
        let head = text(bytes)[..<end.upperBound]
        let length = head.lowercased().components(separatedBy: "content-length:").dropFirst().first
        size = head.utf8.count + (length.map { Int($0.prefix { $0 != "\r\n" }.filter(\.isNumber))! } ?? 0)
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
