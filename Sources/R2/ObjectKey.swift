import Encoding

/// The name of an object: in NFC, 1…1024 bytes of UTF-8, in segments separated by `/`. No segment is empty, `.` or `..`
/// (browsers collapse them, so the signature would not match). There is no leading or trailing `/`, no `\`, and no
/// control character.
///
/// R2 normalizes keys to NFC before it stores them (Cloudflare, "Objects"), so keys must be signed in NFC. All checks
/// work on bytes or scalars, because Swift's `String` compares grapheme clusters and would miss the `..` in
/// `"/../\u{301}b"`.
///
/// Other modules can create keys only with `AllowedPrefixes.key`, which checks them against its prefixes.
package struct ObjectKey: Sendable, Hashable {
    package let text: String

    struct Invalid: Error, Equatable {
        /// A human-readable message: `contains an empty segment`.
        let reason: String
    }

    init(_ raw: String) throws(Invalid) {
        var text = normalizedToNFC(raw)
        if let reason = text.withUTF8(fault) { throw Invalid(reason: reason) }
        if containsControl(text) { throw Invalid(reason: "contains a control character") }
        self.text = text
    }
}

private func fault(in bytes: UnsafeBufferPointer<UInt8>) -> String? {
    if bytes.isEmpty { return "is empty" }
    if bytes.count > 1024 { return "is longer than 1024 bytes" }
    if bytes.first == .slash || bytes.last == .slash { return "begins or ends with /" }
    var start = 0
    for index in 0...bytes.count {
        if index < bytes.count, bytes[index] == .backslash { return "contains a backslash" }
        guard index == bytes.count || bytes[index] == .slash else { continue }
        if index == start { return "contains an empty segment" }
        if index - start <= 2, bytes[start] == .dot, bytes[index - 1] == .dot { return "contains a . or .. segment" }
        start = index + 1
    }
    return nil
}

/// Whether a string contains a C0 or C1 control character or DEL: U+0000…001F, U+007F…009F.
package func containsControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
}
