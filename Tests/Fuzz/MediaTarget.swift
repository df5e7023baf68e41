import Foundation

@testable import Encoding
@testable import Uploads

/// Compares the media types of Content-Type and Accept with regular expressions that are written after RFC 9110's
/// grammar. Quoted commas are not compared: an Accept field with one is split in the wrong place, which is harmless.
func fuzzMediaTypes(_ bytes: [UInt8]) {
    let field = String(decoding: bytes, as: UTF8.self)
    let type = mediaType(field)
    require(type == reference(field), "mediaType of '\(field)' is \(type ?? "nil")")
    require(isJSON(field) == (type == "application/json"), "isJSON of '\(field)'")
    if let stored = storedMediaType(field) {
        require(storedMediaType(stored) == stored && type != nil, "'\(stored)' is stored as another type")
        require(stored.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "'\(stored)' is not safe in a header")
    }
    guard !field.contains("\"") else { return }
    let wanted = "application/x-ndjson"
    let isAccepted = field.utf8.split(separator: 0x2C).map { String(Substring($0)) }.contains { range in
        // We ignore blanks inside a parameter as well.
        let parameters = range.utf8.split(separator: 0x3B).dropFirst().map { parameter in
            String(decoding: parameter.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self)
        }
        return reference(range) == wanted && !parameters.contains { matches($0, "q=0(\\.0{0,3})?") }
    }
    require(accepts(wanted, inField: field) == isAccepted, "'\(field)' accepts \(wanted): \(!isAccepted)")
}

private let token = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"

private func reference(_ field: String) -> String? {
    guard matches(field, "[ \\t]*\(token)/\(token)[ \\t]*(;.*)?") else { return nil }
    let type = String(Substring(field.utf8.prefix { $0 != 0x3B }))
    return type.trimmingCharacters(in: CharacterSet(charactersIn: " \t")).lowercased()
}

/// Whether the whole text matches, in upper or lower case.
private func matches(_ text: String, _ pattern: String) -> Bool {
    let options: NSRegularExpression.Options = [.caseInsensitive, .dotMatchesLineSeparators]
    let expression =
        expressions[pattern] ?? (try! NSRegularExpression(pattern: "\\A(?:\(pattern))\\z", options: options))
    expressions[pattern] = expression
    return expression.firstMatch(in: text, range: NSRange(location: 0, length: (text as NSString).length)) != nil
}

nonisolated(unsafe) private var expressions: [String: NSRegularExpression] = [:]
