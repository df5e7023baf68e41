import FastCGI
import Foundation

struct FastCGIRequest {
    let parameters: [(name: [UInt8], value: [UInt8])]
    let body: [UInt8]
    /// The low six bits determine the size of a record, and bit 7 whether the peer keeps the connection open.
    let pace: Int

    /// FastCGI 1.0, section 3.
    var bytes: [UInt8] {
        let pairs = parameters.flatMap { Self.length($0.name.count) + Self.length($0.value.count) + $0.name + $0.value }
        return Self.record(1, [0, 1, pace & 0x80 == 0 ? 0 : 1, 0, 0, 0, 0, 0]) + stream(4, pairs) + stream(5, body)
    }

    private func stream(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        let size = pace & 0x3F == 0 ? 8192 : (pace & 0x3F) * 17
        return stride(from: 0, to: content.count, by: size).flatMap {
            Self.record(type, content[$0..<min($0 + size, content.count)])
        } + Self.record(type, [])
    }

    private static func record(_ type: UInt8, _ content: some Collection<UInt8>) -> [UInt8] {
        let padding = -content.count & 7
        return [1, type, 0, 1, UInt8(content.count >> 8), UInt8(content.count & 0xFF), UInt8(padding), 0]
            + content + [UInt8](repeating: 0, count: padding)
    }

    private static func length(_ count: Int) -> [UInt8] {
        count < 128 ? [UInt8(count)] : withUnsafeBytes(of: (UInt32(count) | 1 << 31).bigEndian, Array.init)
    }
}

/// The real server, on a unix socket in a temporary directory.
final class FastCGIServer: Sendable {
    private let server: Server
    private let path: String

    init() {
        let directory = NSTemporaryDirectory() + "fuzz-\(getpid())"
        try! FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        path = directory + "/socket"
        server = Server(
            [try! Listener.bind(path: path)],
            Server.Options(
                maxBodyBytes: 2048, drainSeconds: 1, peers: try! AllowedPeers([]), reload: nil, flush: {},
                report: { _, _ in }, serviceManager: ServiceManager(aliveMilliseconds: nil) { _ in },
                claimDrainTurn: { true }),
            handler: fuzzHandler())
        server.start()
    }

    /// Sends a request on a new connection.
    /// - Returns: the content of the response's FCGI_STDOUT; nil if the response is incomplete.
    func exchange(_ request: FastCGIRequest) -> [UInt8]? {
        let connection = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isConnected = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        let bytes = request.bytes
        require(isConnected, "the server does not accept a connection")
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        require(send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count, "send failed")
        return response(on: connection)
    }

    private func response(on connection: Int32) -> [UInt8]? {
        var (output, received): ([UInt8], [UInt8]) = ([], [])
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            while received.count >= 8 {
                let length = Int(received[4]) << 8 | Int(received[5])
                let end = 8 + length + Int(received[6])
                guard received.count >= end else { break }
                switch received[1] {
                case 3: return output
                case 6: output += received[8..<8 + length]
                default: return nil
                }
                received.removeFirst(end)
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            // libFuzzer measures the time of an input with a signal.
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return nil }
            received += buffer[..<count]
        }
    }
}
