import Encoding
@_spi(_Unicode) import Swift

/// The name of an object: NFC, 1…1024 bytes of UTF-8, segments parted by `/`, none empty, `.` or `..` (browsers collapse
/// them, so the signature would not match), no leading or trailing `/`, no `\`, no control characters.
///
/// R2 normalises keys to NFC before it stores them (Cloudflare, "Objects"): what is signed must be so already.
/// Every check reads bytes: Swift compares graphemes, and `"/../\u{301}b"` would hide its `..`.
///
/// Other modules get keys from `AllowedPrefixes.key` alone, which checks them against its prefixes.
package struct ObjectKey: Sendable, Hashable {
    package let text: String

    struct Invalid: Error, Equatable {
        /// `contains an empty segment`, for people.
        let reason: String
    }

    init(_ raw: String) throws(Invalid) {
        var text = normalized(raw)
        if let reason = text.withUTF8(fault) { throw Invalid(reason: reason) }
        if containsControl(text) { throw Invalid(reason: "contains a control character") }
        self.text = text
    }

    /// - Throws: if a text can't be an object key, whatever keys are allowed.
    package static func check(_ text: String) throws(KeyRefusal) {
        do throws(Invalid) { _ = try ObjectKey(text) } catch { throw .invalid(error.reason) }
    }
}

private func fault(in bytes: UnsafeBufferPointer<UInt8>) -> String? {
    let slash = UInt8.slash
    let dot = UInt8.dot
    if bytes.isEmpty { return "is empty" }
    if bytes.count > 1024 { return "is longer than 1024 bytes" }
    if bytes.first == slash || bytes.last == slash { return "begins or ends with /" }
    var start = 0
    for index in 0...bytes.count {
        if index < bytes.count, bytes[index] == .backslash { return "contains a backslash" }
        guard index == bytes.count || bytes[index] == slash else { continue }
        if index == start { return "contains an empty segment" }
        if index - start <= 2, bytes[start] == dot, bytes[index - 1] == dot { return "contains a . or .. segment" }
        start = index + 1
    }
    return nil
}

/// Unicode's normalisation form C. ASCII is its own.
package func normalized(_ text: String) -> String {
    if isASCII(text) { return text }
    var result = ""
    for scalar in text._nfc { result.unicodeScalars.append(scalar) }
    return result
}

/// C0, DEL and C1 (U+0000…001F, U+007F…009F).
package func containsControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
}

private func isASCII(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { $0.reduce(0, |) < 0x80 }
}
