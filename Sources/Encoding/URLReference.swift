/// The parts of a URL, or of a relative reference such as `../b.jpg?x`. The fragment is dropped, and nothing is
/// decoded. Source: RFC 3986, appendix B and section 5.
package struct URLReference: Sendable, Equatable {
    /// In lower case.
    package var scheme: String?
    /// The text between `//` and the path, in lower case: `host:443`. It may be empty, and may hold user information.
    package var authority: String?
    package var path: String
    /// Without the question mark.
    package var query: String?

    package init(_ text: String) {
        var rest = Substring(text).utf8.prefix { $0 != .numberSign }
        if let mark = rest.firstIndex(of: .questionMark) {
            query = String(Substring(rest[rest.index(after: mark)...]))
            rest = rest[..<mark]
        }
        let first = rest.prefix { $0 != .slash }
        if let colon = first.firstIndex(of: .colon), isScheme(first[..<colon]) {
            scheme = String(Substring(first[..<colon])).lowercased()
            rest = rest[rest.index(after: colon)...]
        }
        if rest.starts(with: "//".utf8) {
            let authority = rest.dropFirst(2).prefix { $0 != .slash }
            self.authority = String(Substring(authority)).lowercased()
            rest = rest[authority.endIndex...]
        }
        path = String(Substring(rest))
    }

    /// Whether the scheme is http or https.
    package var isWeb: Bool { scheme == "https" || scheme == "http" }

    /// `https://host:8443`, without the scheme's default port. Nil if there is no scheme or no host.
    package var origin: String? {
        guard let scheme, let authority, !authority.isEmpty else { return nil }
        let defaultPort = scheme == "https" ? ":443" : scheme == "http" ? ":80" : ""
        let isDefault = !defaultPort.isEmpty && authority.utf8.reversed().starts(with: defaultPort.utf8.reversed())
        let host = isDefault ? String(Substring(authority.utf8.dropLast(defaultPort.utf8.count))) : authority
        return "\(scheme)://\(host)"
    }

    package var text: String {
        let scheme = scheme.map { "\($0):" } ?? ""
        let authority = authority.map { "//\($0)" } ?? ""
        let query = query.map { "?\($0)" } ?? ""
        return "\(scheme)\(authority)\(path)\(query)"
    }

    /// The target of this reference in a document at `base`.
    package func resolved(against base: URLReference) -> URLReference {
        var target = self
        if scheme == nil {
            target.scheme = base.scheme
            if authority == nil {
                target.authority = base.authority
                if path.isEmpty {
                    target.path = base.path
                    target.query = query ?? base.query
                    return target
                }
                if path.utf8.first != .slash { target.path = base.merged(with: path) }
            }
        }
        target.path = withoutDotSegments(target.path)
        return target
    }

    private func merged(with relative: String) -> String {
        guard let slash = path.utf8.lastIndex(of: .slash) else { return "/\(relative)" }
        return "\(path[...slash])\(relative)"
    }
}

private func isScheme(_ bytes: Substring.UTF8View.SubSequence) -> Bool {
    guard let first = bytes.first, first.isASCIILetter else { return false }
    return bytes.allSatisfy { $0.isASCIIAlphanumeric || "+-.".utf8.contains($0) }
}

/// Source: RFC 3986, 5.2.4.
private func withoutDotSegments(_ path: String) -> String {
    var kept: [Substring.UTF8View.SubSequence] = []
    let segments = Substring(path).utf8.split(separator: .slash, omittingEmptySubsequences: false)
    let isRooted = path.utf8.first == .slash
    for (index, segment) in segments.enumerated() {
        let isLast = index == segments.count - 1
        if segment.elementsEqual("..".utf8) {
            // The empty segment before the first slash stays.
            if kept.count > (isRooted ? 1 : 0) { kept.removeLast() }
            if isLast { kept.append(segment.prefix(0)) }
        } else if segment.elementsEqual(".".utf8) {
            if isLast { kept.append(segment.prefix(0)) }
        } else {
            kept.append(segment)
        }
    }
    return kept.map { String(Substring($0)) }.joined(separator: "/")
}
