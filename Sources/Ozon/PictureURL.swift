import Core
import Encoding

/// Whether a URL is http or https with a host, printable ASCII without spaces, at most 2048 bytes.
package func isPictureURL(_ url: String) -> Bool {
    url.utf8.count <= 2048 && isHeaderSafe(url) && isWebURL(url)
}

/// Whether a URL is http or https, has a host, and has no control characters.
package func isWebURL(_ url: String) -> Bool {
    if url.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return false }
    let parts = URLReference(url)
    guard parts.isWeb, let authority = parts.authority else { return false }
    // Browsers treat a backslash as a slash.
    let host = authority.utf8.prefix { $0 != .backslash }.split(separator: .atSign, omittingEmptySubsequences: false)
        .last!
    return !host.isEmpty && host.first != .colon
}

/// Adds a token to a URL's query, so that Ozon fetches the picture again: `https://a/b.jpg?x=1#f` becomes
/// `https://a/b.jpg?x=1&v=1732104000#f`. Without a token the URL is unchanged.
func addingRefetchToken(_ token: Int?, to url: String) -> String {
    guard let token else { return url }
    let end = url.utf8.firstIndex(of: .numberSign) ?? url.endIndex
    let separator = url.utf8[..<end].contains(.questionMark) ? "&" : "?"
    return "\(url[..<end])\(separator)v=\(token)\(url[end...])"
}

/// The latest token with which a picture's URL appears in the strings; nil if there is none.
func latestToken(of request: PictureRequest, in texts: [[UInt8]]) -> Int? {
    let pictures = request.images + (request.color.map { [$0] } ?? [])
    return pictures.compactMap { picture in
        // Up to and including `v=`: the token 0 has one digit, which is cut off.
        let url = Array(addingRefetchToken(0, to: picture.url).utf8)
        let end = url.firstIndex(of: .numberSign) ?? url.endIndex
        let prefix = url[..<(end - 1)]
        return texts.compactMap { text in
            text.indices.compactMap { index -> Int? in
                guard text[index] == prefix[0], text[index...].starts(with: prefix) else { return nil }
                let digits = text[(index + prefix.count)...].prefix(while: \.isASCIIDigit)
                return positiveInteger(String(decoding: digits, as: UTF8.self))
            }.max()
        }.max()
    }.max()
}

/// The URLs in order without duplicates, compared by bytes.
func distinct(_ urls: [String]) -> [String] {
    var seen: Set<[UInt8]> = []
    return urls.filter { seen.insert(Array($0.utf8)).inserted }
}

extension [String] {
    /// Compares by bytes.
    func containsURL(_ url: String) -> Bool { contains { $0.utf8.elementsEqual(url.utf8) } }
}
