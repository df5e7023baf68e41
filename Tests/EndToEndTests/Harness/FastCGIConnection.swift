import Foundation
import TestSupport

/// Sends and receives FastCGI records, including malformed ones that nginx would never send.
final class FastCGIConnection {
    let socket: SocketConnection

    init(_ socket: SocketConnection) { self.socket = socket }

    convenience init(path: String, timeout: Double = 20) throws {
        self.init(try SocketConnection(path: path, timeout: timeout))
    }

    enum Kind: UInt8 {
        case begin = 1, abort, end, params, stdin, stdout, stderr, data, getValues, getValuesResult, unknown
    }

    static func record(_ kind: Kind, _ content: [UInt8], id: UInt16 = 1, padding: Int = 0) -> [UInt8] {
        let size = content.count
        return [
            1, kind.rawValue, UInt8(id >> 8), UInt8(id & 0xFF), UInt8(size >> 8), UInt8(size & 0xFF), UInt8(padding), 0,
        ]
            + content + [UInt8](repeating: 0, count: padding)
    }

    static func begin(keep: Bool) -> [UInt8] { record(.begin, [0, 1, keep ? 1 : 0, 0, 0, 0, 0, 0]) }

    static func params(_ pairs: [(String, String)]) -> [UInt8] {
        let content = pairs.flatMap { name, value in
            length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
        }
        return record(.params, content) + record(.params, [])
    }

    static func length(_ count: Int) -> [UInt8] {
        count < 128
            ? [UInt8(count)] : (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) | ($0 == 0 ? 0x80 : 0) }
    }

    static func stdin(_ body: [UInt8]) -> [UInt8] {
        stride(from: 0, to: body.count, by: 65_000).flatMap {
            record(.stdin, Array(body[$0..<min($0 + 65_000, body.count)]), padding: 3)
        } + record(.stdin, [])
    }

    /// A complete request as nginx sends it. `changes` replace or add parameters; nil removes one.
    static func request(
        _ body: [UInt8], key: String, keep: Bool = false, with changes: [(String, String?)] = []
    ) -> [UInt8] {
        let parameters = [
            ("REQUEST_METHOD", "POST"), ("CONTENT_TYPE", "application/json"), ("CONTENT_LENGTH", "\(body.count)"),
            ("HTTP_X_API_KEY", key),
        ]
        let kept = parameters.filter { pair in !changes.contains { $0.0 == pair.0 } }
        return begin(keep: keep) + params(kept + changes.compactMap { name, value in value.map { (name, $0) } })
            + stdin(body)
    }

    /// Sends a request and reads the response.
    func post(
        _ body: String, keep: Bool = false, with changes: [(String, String?)] = []
    ) throws -> HTTPResponse {
        try socket.send(Self.request(Array(body.utf8), key: try sandbox().key, keep: keep, with: changes))
        return try response()
    }

    /// Reads records up to END_REQUEST.
    func response() throws -> HTTPResponse {
        var output: [UInt8] = []
        while true {
            let head = try exactly(8)
            let content = try exactly(Int(head[4]) << 8 | Int(head[5]))
            _ = try exactly(Int(head[6]))
            switch Kind(rawValue: head[1]) {
            case .stdout: output += content
            case .end: return try HTTPResponse(output)
            default: throw HTTPResponse.Malformed(text: "record of type \(head[1])")
            }
        }
    }

    private func exactly(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try socket.read(atMost: count - bytes.count)
            if more.isEmpty { throw TimedOut("closed after \(bytes.count) of \(count) bytes") }
            bytes += more
        }
        return bytes
    }
}
