@_spi(_Unicode) import Swift

/// The name of an object: NFC, 1…1024 bytes of UTF-8, segments parted by `/`, none empty, `.` or `..` (browsers collapse
/// them, so the signature would not match), no leading or trailing `/`, no `\`, no control characters.
///
/// R2 normalises keys to NFC before it stores them (Cloudflare, "Objects"): what is signed must be so already.
/// Every check reads bytes: Swift compares graphemes, and `"/../\u{301}b"` would hide its `..`.
package struct ObjectKey: Sendable, Hashable {
    package let text: String

    package struct Invalid: Error, Equatable {
        /// `contains an empty segment`, for people.
        package let reason: String
    }

    package init(_ raw: String) throws(Invalid) {
        let text = normalized(raw)
        let bytes = text.utf8
        guard !bytes.isEmpty else { throw Invalid(reason: "is empty") }
        guard bytes.count <= 1024 else { throw Invalid(reason: "is longer than 1024 bytes") }
        guard bytes.first != UInt8(ascii: "/"), bytes.last != UInt8(ascii: "/") else {
            throw Invalid(reason: "begins or ends with /")
        }
        if bytes.contains(UInt8(ascii: "\\")) { throw Invalid(reason: "contains a backslash") }
        if containsControl(text) { throw Invalid(reason: "contains a control character") }
        for segment in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if segment.isEmpty { throw Invalid(reason: "contains an empty segment") }
            if segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) {
                throw Invalid(reason: "contains a . or .. segment")
            }
        }
        self.text = text
    }
}

/// Unicode's normalisation form C. ASCII is its own.
package func normalized(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var result = ""
    for scalar in text._nfc { result.unicodeScalars.append(scalar) }
    return result
}

/// C0, DEL and C1 (U+0000…001F, U+007F…009F).
package func containsControl(_ text: String) -> Bool {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return false }
    return text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
}
