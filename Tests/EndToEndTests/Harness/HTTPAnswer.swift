import Foundation

/// An HTTP or CGI answer, read from its text.
struct HTTPAnswer {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    struct Unreadable: Error { let text: String }

    init(_ bytes: [UInt8]) throws {
        let border = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: border) }) else {
            throw Unreadable(text: String(decoding: bytes, as: UTF8.self))
        }
        var lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        // CGI's first line is a header: `Status: 200 OK`.
        let first = lines.removeFirst().split(separator: " ")
        guard first.count >= 2, first[0].hasPrefix("HTTP/1.") || first[0] == "Status:", let status = Int(first[1])
        else {
            throw Unreadable(text: String(decoding: bytes, as: UTF8.self))
        }
        self.status = status
        headers = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]).lowercased(), parts.count < 2 ? "" : parts[1].trimmingCharacters(in: .whitespaces))
        }
        let rest = Array(bytes[(end + 4)...])
        let chunked = headers.contains { $0 == ("transfer-encoding", "chunked") }
        body = chunked ? try Self.joined(rest) : rest
        if let length = self["Content-Length"], Int(length) != body.count, !body.isEmpty {
            throw Unreadable(text: "Content-Length \(length), but \(body.count) bytes came")
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
        throw Unreadable(text: "the chunks end too early after \(result.count) bytes")
    }

    /// All values of a header, joined: a header sent twice is seen.
    subscript(name: String) -> String? {
        let values = headers.filter { $0.name == name.lowercased() }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: " & ")
    }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { JSONValue(text) }
    /// Each line of application/x-ndjson, heartbeats left out.
    var lines: [JSONValue] {
        text.split(separator: "\n", omittingEmptySubsequences: true).map { JSONValue(String($0)) }
    }
}
