/// The one percent-encoder: AWS's UriEncode. `A-Z a-z 0-9 - . _ ~` stand, every other byte of the UTF-8 becomes `%XX` in
/// upper case. Paths, query values and public URLs all go through it, so what is signed is what is shown.
///
/// Source: AWS, "Create a signed AWS API request", step 1 (Foundation's `addingPercentEncoding` sets are not this).
extension [UInt8] {
    /// - Parameter keepingSlash: true for a whole path, whose `/` separate segments; false for one segment or a value.
    package mutating func append(percentEncoding text: String, keepingSlash: Bool = false) {
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes {
                if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
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
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        true
    default: false
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
