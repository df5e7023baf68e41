import Encoding

/// Replaces the payload's hash if the payload is not signed, as in every presigned URL.
package let unsignedPayload = "UNSIGNED-PAYLOAD"

/// The headers that a signature covers, sorted by name, with trimmed values. They must include `host`.
package struct SignedHeaders: Sendable {
    package let lines: [(name: String, value: String)]
    /// `content-type;host`
    package let names: String

    /// - Parameter headers: distinct names in lower case, in any order.
    package init(_ headers: Headers) {
        lines = headers.lines.sorted { $0.name < $1.name }.map { ($0.name, trimmed($0.value)) }
        names = lines.map(\.name).joined(separator: ";")
    }
}

/// Step 1: the request in the form that both sides hash.
///
///     PUT\n/bucket/users/a.jpg\nX-Amz-Algorithm=…\nhost:account.r2.cloudflarestorage.com\n\nhost\nUNSIGNED-PAYLOAD
///
/// - Parameter path: encoded once and not normalized, as S3 requires: `/bucket/users/a%20b.jpg`.
/// - Parameter query: from `canonicalQuery`.
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

/// Without spaces and tabs at either end, and with one space for each run of them inside.
private func trimmed(_ value: String) -> String {
    let bytes = value.utf8
    guard bytes.contains(where: \.isBlank) else { return value }
    return value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
}
