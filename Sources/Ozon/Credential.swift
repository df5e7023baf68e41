import Core

/// A seller's credential, kept only while its request is handled, and hidden from `description` and reflection.
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

    /// Replaces the credential by `***`, removes control characters, and truncates to 300 characters.
    func scrub(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for secret in [apiKey, clientID] { bytes = replacing(Array(secret.utf8), in: bytes) }
        let printable = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter {
            $0.value >= 0x20 && $0.value != 0x7F
        }
        return String(String.UnicodeScalarView(printable.prefix(300)))
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
