import Digest
import Encoding
import R2

/// The keys of one article's images: `users/{user_id}/ozon/{article}/{name}`.
///
/// The name is the last segment of the URL's path. If several images have the same name, all but the first get `-` and
/// 8 hex digits of the URL's SHA-256 before the extension. If the name is empty, it becomes those digits. Characters
/// that a key must not contain (`\` and control characters, and a segment that is `.` or `..`) are percent-encoded in
/// the article and the name. In the article, `/` and `%` are encoded too.
package struct ImageKeys: Sendable {
    /// Ends with `/`.
    package let folder: String
    private var taken: Set<[UInt8]> = []

    package init(userID: String, article: String) {
        folder = "users/\(userID)/ozon/\(keySegment(article, alsoEncoding: "/%"))/"
    }

    /// The key of the image at that URL. Its name counts as taken from then on, even if the key isn't allowed, so each
    /// image must be passed once, in the order of the article's images.
    package mutating func key(for url: String, in allowed: AllowedPrefixes) throws(ObjectKeyError) -> ObjectKey {
        try allowed.key(folder + name(for: url))
    }

    private mutating func name(for url: String) -> String {
        var name = lastSegment(of: url)
        if name.isEmpty { name = digits(of: url) }
        if !taken.insert(Array(normalizedToNFC(name).utf8)).inserted {
            name = suffixed(name, "-\(digits(of: url))")
            taken.insert(Array(normalizedToNFC(name).utf8))
        }
        return name
    }
}

private func lastSegment(of url: String) -> String {
    let path = URLReference(url).path
    guard let slash = path.utf8.lastIndex(of: .slash) else { return "" }
    return keySegment(String(path[path.utf8.index(after: slash)...]), alsoEncoding: "")
}

private func suffixed(_ name: String, _ suffix: String) -> String {
    guard let dot = name.utf8.lastIndex(of: .dot), dot > name.startIndex else { return name + suffix }
    return name[..<dot] + suffix + name[dot...]
}

private func digits(of url: String) -> String {
    String(hex: Array(SHA256.digest(Array(url.utf8)).prefix(4)))
}

private func keySegment(_ text: String, alsoEncoding more: String) -> String {
    if text == "." { return "%2E" }
    if text == ".." { return "%2E%2E" }
    var result = ""
    for scalar in text.unicodeScalars {
        let character = String(scalar)
        let encodes = scalar == "\\" || containsControl(character) || more.unicodeScalars.contains(scalar)
        result += encodes ? character.percentEncoded() : character
    }
    return result
}

/// Whether a string can be one segment of a key without encoding: no `/`, `\` or control characters, not `.` or `..`.
package func isKeySegment(_ text: String) -> Bool {
    !text.isEmpty && text != "." && text != ".." && !containsControl(text)
        && !text.utf8.contains { $0 == .slash || $0 == .backslash }
}
