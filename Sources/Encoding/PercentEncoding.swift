/// AWS's UriEncode: `A-Z a-z 0-9 - . _ ~` stay as they are, and every other byte of the UTF-8 becomes `%XX` in upper case. Paths,
/// query values and public URLs are all encoded by it, so that a URL shows exactly what was signed.
///
/// Source: AWS, "Create a signed AWS API request", step 1.
extension [UInt8] {
    /// - Parameter keepingSlash: true for a whole path, whose segments are separated by `/`; false for a segment or a value.
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

    /// `%XX`
    package mutating func append(escaped byte: UInt8) {
        append(UInt8(ascii: "%"))
        append(upperHex(byte >> 4))
        append(upperHex(byte & 15))
    }
}

private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case .hyphen, .dot, UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: byte.isASCIIAlphanumeric
    }
}

private func upperHex(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
}

extension String {
    /// `users/a b.jpg` → `users/a%20b.jpg`.
    package func percentEncoded(keepingSlash: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.append(percentEncoding: self, keepingSlash: keepingSlash)
        return String(decoding: bytes, as: UTF8.self)
    }
}
