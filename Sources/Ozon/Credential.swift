import Core

/// A seller's credential, hidden from `description` and reflection. It is kept only while its request is handled. A
/// pending push is remembered by a hash of its Client-Id and product_id (PushTable.swift).
package struct Credential: Sendable, CustomStringConvertible, CustomReflectable {
    /// According to Ozon's documentation a positive integer; it is sent unchecked.
    package let clientID: String
    package let apiKey: String

    /// `{"client_id": "…", "api_key": "…"}`: each 1…256 printable ASCII characters without spaces, because they become
    /// header lines.
    package init(_ fields: Fields) throws(InvalidFields) {
        let clientID = fields.text("client_id", maxBytes: 256, isValid: isHeaderSafe)
        let apiKey = fields.text("api_key", maxBytes: 256, isValid: isHeaderSafe)
        (self.clientID, self.apiKey) = try fields.require(clientID, apiKey)
    }

    /// Removes ASCII control characters, then replaces the credential by `***`, so that control characters inside it
    /// can't hide it, then truncates to 300 Unicode scalars.
    func scrub(_ text: String) -> String {
        // In UTF-8, no character beyond ASCII contains one of these bytes.
        var bytes = text.utf8.filter { $0 >= 0x20 && $0 != 0x7F }
        for secret in [apiKey, clientID] { bytes = replacing(Array(secret.utf8), in: bytes) }
        return String(String.UnicodeScalarView(String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix(300)))
    }

    package var description: String { "Credential(…)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

private func replacing(_ secret: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index...].starts(with: secret) {
            result += "***".utf8
            index += secret.count
        } else {
            result.append(bytes[index])
            index += 1
        }
    }
    return result
}
