/// The media type of a Content-Type field or of one range of an Accept field, in lower case and without parameters. Nil
/// unless it is two tokens with only a slash between them. Source: RFC 9110, 8.3.1.
package func mediaType(_ field: some StringProtocol) -> String? {
    var bytes = Array(field.utf8.prefix { $0 != .semicolon }.drop(while: \.isBlank))
    while let last = bytes.last, last.isBlank { bytes.removeLast() }
    let parts = bytes.split(separator: .slash, omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isTokenByte) }) else { return nil }
    return String(decoding: bytes, as: UTF8.self).lowercased()
}

/// `tchar`. Source: RFC 9110, 5.6.2.
private func isTokenByte(_ byte: UInt8) -> Bool {
    byte.isASCIIAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains(byte)
}

/// Whether a Content-Type field is `application/json`, in upper or lower case, with or without parameters.
package func isJSON(_ contentType: String) -> Bool {
    contentType == "application/json" || mediaType(contentType) == "application/json"
}

/// Whether an Accept field lists a media type without `q=0`. Wildcards don't count.
package func accepts(_ type: String, inField field: String) -> Bool {
    field.utf8.split(separator: .comma).contains { range in
        mediaType(Substring(range)) == type
            && !range.split(separator: .semicolon).dropFirst().contains { parameter in
                let text = String(decoding: parameter.filter { !$0.isBlank }, as: UTF8.self).lowercased()
                return ["q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000"].contains(text)
            }
    }
}
