import Encoding

/// What stands for the payload's hash where the payload is not signed: always so in a presigned URL.
package let unsignedPayload = "UNSIGNED-PAYLOAD"

/// Headers that take part in a signature: lower-case names, sorted, values trimmed. `host` is always among them.
package struct SignedHeaders: Sendable {
    package let lines: [(name: String, value: String)]
    /// `content-type;host`
    package let names: String

    /// - Parameter headers: lower-case names, each once, in any order.
    package init(_ headers: Headers) {
        lines = headers.lines.sorted { $0.name < $1.name }.map { ($0.name, trimmed($0.value)) }
        names = lines.map(\.name).joined(separator: ";")
    }
}

/// Step 1: the request in the one spelling both sides hash.
///
///     PUT\n/bucket/users/a.jpg\nX-Amz-Algorithm=…\nhost:account.r2.cloudflarestorage.com\n\nhost\nUNSIGNED-PAYLOAD
///
/// - Parameter path: encoded once, not normalised, as S3 wants it (`/bucket/users/a%20b.jpg`).
/// - Parameter query: as `canonicalQuery` makes it.
/// - Parameter payloadHash: hex SHA-256 of the body, or `unsignedPayload`.
package func canonicalRequest(
    method: String, path: [UInt8], query: [UInt8], headers: SignedHeaders, payloadHash: String
) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(path.count + query.count + 256)
    bytes.append(text: method)
    bytes.append("\n")
    bytes += path
    bytes.append("\n")
    bytes += query
    bytes.append("\n")
    for line in headers.lines {
        bytes.append(text: line.name)
        bytes.append(":")
        bytes.append(text: line.value)
        bytes.append("\n")
    }
    bytes.append("\n")
    bytes.append(text: headers.names)
    bytes.append("\n")
    bytes.append(text: payloadHash)
    return bytes
}

/// Without blanks at either end, and one for each run of them inside.
private func trimmed(_ value: String) -> String {
    let bytes = value.utf8
    guard bytes.contains(where: { $0 == .space || $0 == UInt8(ascii: "\t") }) else { return value }
    return value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
}
