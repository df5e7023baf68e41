import Digest
import HTTP

/// Where the images of one article are stored: `users/{user_id}/ozon/{article}/{name}`.
///
/// The name is the last segment of the image's path, query and fragment cut. Where two images would share it, all but
/// the first get `-` and 8 hex digits of the URL's SHA-256 before the extension; an empty name becomes those digits.
/// In article and name, what no key may hold is percent-encoded: `\`, control characters, a lone `.` or `..`; in the
/// article also `/` and `%`.
package struct ImageKeys: Sendable {
    private let folder: String
    private var taken: Set<[UInt8]> = []

    package init(userID: String, article: String) {
        folder = "users/\(userID)/ozon/\(keySegment(article, alsoEncoding: "/%"))/"
    }

    /// Any key of this article: whether it is allowed doesn't depend on the name.
    package func sample() throws(ObjectKey.Invalid) -> ObjectKey {
        try ObjectKey(folder + "image")
    }

    package mutating func key(for url: String) throws(ObjectKey.Invalid) -> ObjectKey {
        var name = lastSegment(of: url)
        if name.isEmpty { name = digits(of: url) }
        if !taken.insert(Array(normalized(name).utf8)).inserted {
            name = suffixed(name, "-\(digits(of: url))")
            taken.insert(Array(normalized(name).utf8))
        }
        return try ObjectKey(folder + name)
    }
}

private func lastSegment(of url: String) -> String {
    var path = Substring(url).utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    if let scheme = firstRange(of: "://", in: path) { path = path[scheme...] }
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return keySegment(String(Substring(path[path.index(after: slash)...])), alsoEncoding: "")
}

/// The position after the first occurrence.
private func firstRange(of mark: String, in bytes: Substring.UTF8View) -> String.Index? {
    var rest = bytes
    while !rest.isEmpty {
        if rest.starts(with: mark.utf8) { return rest.index(rest.startIndex, offsetBy: mark.utf8.count) }
        rest.removeFirst()
    }
    return nil
}

private func suffixed(_ name: String, _ suffix: String) -> String {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return name + suffix }
    return name[..<dot] + suffix + name[dot...]
}

private func digits(of url: String) -> String {
    var bytes: [UInt8] = []
    bytes.append(hex: Array(SHA256.digest(Array(url.utf8)).prefix(4)))
    return String(decoding: bytes, as: UTF8.self)
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

/// Whether a text can be one segment of a key as it is: no `/`, no `\`, no control characters, not `.` or `..`.
package func isKeySegment(_ text: String) -> Bool {
    !text.isEmpty && text != "." && text != ".." && !containsControl(text)
        && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
}

/// The media type a name's extension tells; JPEG where it tells none, as nearly all of Ozon's pictures are.
package func mediaType(of key: ObjectKey) -> String {
    let tail = key.text.lowercased().utf8.split(separator: UInt8(ascii: ".")).last.map { String(Substring($0)) }
    return switch tail {
    case "png": "image/png"
    case "webp": "image/webp"
    case "gif": "image/gif"
    case "avif": "image/avif"
    case "heic", "heif": "image/heic"
    default: "image/jpeg"
    }
}
