import Foundation

/// An HTTP/1.x response, or a CGI response, whose status is a header line (`Status: 200 OK`).
package struct HTTPResponse {
    package let status: Int
    /// Names are lower case.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package struct Malformed: Error {
        package let text: String
        package init(text: String) { self.text = text }
    }

    package init(_ bytes: [UInt8]) throws {
        func malformed() -> Malformed { Malformed(text: String(decoding: bytes, as: UTF8.self)) }
        let separator = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: separator) }) else { throw malformed() }
        var lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let first = lines.removeFirst().split(separator: " ")
        guard first.count >= 2, first[0].hasPrefix("HTTP/1.") || first[0] == "Status:", let status = Int(first[1])
        else { throw malformed() }
        self.status = status
        headers = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]).lowercased(), parts.count < 2 ? "" : parts[1].trimmingCharacters(in: .whitespaces))
        }
        let rest = Array(bytes[(end + 4)...])
        let isChunked = headers.contains { $0 == ("transfer-encoding", "chunked") }
        body = isChunked ? try Self.joined(rest) : rest
        if let length = self["Content-Length"], Int(length) != body.count, !body.isEmpty {
            throw Malformed(text: "Content-Length is \(length), but the body has \(body.count) bytes")
        }
    }

    private static func joined(_ chunks: [UInt8]) throws -> [UInt8] {
        var result: [UInt8] = []
        var rest = chunks[...]
        while let end = rest.firstIndex(of: 10) {
            let line = String(decoding: rest[..<end], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard let size = Int(line, radix: 16), rest.count > end - rest.startIndex + size else { break }
            if size == 0 { return result }
            rest = rest[(end + 1)...]
            result += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        throw Malformed(text: "the chunked body ends after \(result.count) bytes, without its last chunk")
    }

    /// The header's values, joined with ` & ` if there are several lines, so that a test notices a repeated header.
    package subscript(name: String) -> String? {
        let values = headers.filter { $0.name == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: " & ")
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
    package var json: JSONValue { JSONValue(text) }
    /// The lines of an application/x-ndjson body, without the blank lines that are heartbeats.
    package var lines: [JSONValue] { text.split(separator: "\n").map { JSONValue(String($0)) } }
}
