/// AWS's UriEncode: `A-Z a-z 0-9 - . _ ~` stay as they are, and every other byte of the UTF-8 becomes `%XX` in upper
/// case. Paths, query values and public URLs all use it, so that a URL contains exactly what was signed.
///
/// Source: AWS, "Create a signed AWS API request", step 1.
extension [UInt8] {
    /// - Parameter keepingSlash: true for a path of several segments, false for one segment or a query value.
    package mutating func append(percentEncoding text: String, keepingSlash: Bool = false) {
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes {
                if isUnreserved(byte) || (keepingSlash && byte == .slash) {
                    append(byte)
                } else {
                    append(escaped: byte)
                }
            }
        }
    }

    /// Appends `%XX`.
    package mutating func append(escaped byte: UInt8) {
        append(.percent)
        append(upperHex(byte >> 4))
        append(upperHex(byte & 15))
    }
}

private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case .hyphen, .dot, .underscore, UInt8(ascii: "~"): true
    default: byte.isASCIIAlphanumeric
    }
}

private func upperHex(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
}

/// The parameters of a query in order, not encoded.
package typealias QueryParameters = [(name: String, value: String)]

extension String {
    /// `users/a b.jpg` → `users/a%20b.jpg`.
    package func percentEncoded(keepingSlash: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.append(percentEncoding: self, keepingSlash: keepingSlash)
        return String(decoding: bytes, as: UTF8.self)
    }
}
