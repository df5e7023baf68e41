import Foundation
import Synchronization

/// An HTTP server on loopback that sends the same response to every request, on one connection at a time.
final class ResponseServer: Sendable {
    let port: UInt16
    private let response = Mutex<[UInt8]>([])

    init() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        if !isListening { violated("the response server cannot listen") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                serve(connection)
                close(connection)
            }
        }
    }

    /// - Parameter declared: the value of Content-Length, which differs from the body's length for HEAD.
    func respond(_ status: Int, _ lines: [String], _ body: [UInt8], declared: Int) {
        let length = status == 204 ? [] : ["Content-Length: \(declared)"]
        let head = (["HTTP/1.1 \(status) X"] + length + lines).joined(separator: "\r\n") + "\r\n\r\n"
        response.withLock { $0 = Array(head.utf8) + body }
    }

    private func serve(_ connection: Int32) {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            request += buffer[..<count]
            guard isComplete(request) else { continue }
            request = []
            let bytes = response.withLock { $0 }
            if send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) != bytes.count { return }
        }
    }

    private func isComplete(_ request: [UInt8]) -> Bool {
        let text = String(decoding: request, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let length = text[..<end.lowerBound].lowercased().split(separator: "\r\n")
            .first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst("content-length: ".count)) }
        return text[end.upperBound...].utf8.count >= length ?? 0
    }
}
