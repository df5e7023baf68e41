/// The media type that a Content-Type field or one range of an Accept field names: in lower case and without
/// parameters. nil: the text names none. Type and subtype are tokens with nothing around the slash. Source: RFC 9110,
/// 8.3.1.
package func mediaType(_ field: some StringProtocol) -> String? {
    var bytes = Array(field.utf8.prefix { $0 != UInt8(ascii: ";") }.drop(while: isBlank))
    while let last = bytes.last, isBlank(last) { bytes.removeLast() }
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isTokenByte) }) else { return nil }
    return String(decoding: bytes, as: UTF8.self).lowercased()
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// RFC 9110, 5.6.2.
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
