import Core

/// The hosts images are fetched from, `OZON_IMAGE_HOSTS`: https on port 443 only; `.ozone.ru` is that domain and what lies
/// under it. An entry `http://127.0.0.1:9402` allows exactly that origin: a sandbox.
package struct ImageHosts: Sendable {
    private var domains: [String] = []
    private var origins: [String] = []

    /// Where an allowed URL leads.
    package enum Place: Sendable {
        /// On the internet: only public addresses may be connected to.
        case open
        /// An origin declared as it stands.
        case declared
    }

    package init?(_ settings: inout Settings) {
        for entry in settings.list("OZON_IMAGE_HOSTS").flatMap({ $0.isEmpty ? nil : $0 }) ?? [
            ".ozone.ru", ".ozonru.cn",
        ] {
            if let (scheme, authority, rest) = parts(of: entry), scheme == "http" || scheme == "https", rest.isEmpty {
                origins.append("\(scheme)://\(authority)")
            } else if isDomain(entry.lowercased()) {
                domains.append(entry.lowercased())
            } else {
                settings.fail("OZON_IMAGE_HOSTS", "\(entry) is neither a domain nor an origin")
                return nil
            }
        }
    }

    /// nil: not to be fetched.
    package func place(of url: String) -> Place? {
        guard isHeaderSafe(url), let (scheme, authority, _) = parts(of: url) else { return nil }
        if origins.contains("\(scheme)://\(authority)") { return .declared }
        guard scheme == "https" else { return nil }
        let host =
            authority.utf8.reversed().starts(with: ":443".utf8.reversed()) ? authority.dropLast(4) : authority[...]
        let isAllowed = domains.contains { domain in
            let bare = domain.utf8.first == UInt8(ascii: ".") ? domain.dropFirst() : domain[...]
            return host == bare
                || domain.utf8.first == UInt8(ascii: ".") && host.utf8.count > domain.utf8.count
                    && host.utf8.suffix(domain.utf8.count).elementsEqual(domain.utf8)
        }
        return isName(host) && isAllowed ? .open : nil
    }
}

private func isName(_ host: Substring) -> Bool {
    host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}

/// `ozone.ru` or `.ozone.ru`.
private func isDomain(_ entry: String) -> Bool {
    let bare = entry.utf8.first == UInt8(ascii: ".") ? entry.dropFirst() : entry[...]
    return isName(bare) && bare.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
}

/// `https://Host:443/path?query` → (`https`, `host:443`, `path?query`); nil with userinfo or a backslash, which URL parsers
/// read in different ways.
func parts(of url: String) -> (scheme: String, authority: String, rest: Substring)? {
    let bytes = url.utf8
    guard !bytes.contains(UInt8(ascii: "\\")), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
        bytes[colon...].starts(with: "://".utf8)
    else { return nil }
    let start = bytes.index(colon, offsetBy: 3)
    let ends = [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")]
    let end = bytes[start...].firstIndex { ends.contains($0) } ?? bytes.endIndex
    let authority = url[start..<end]
    guard !authority.isEmpty, !authority.utf8.contains(UInt8(ascii: "@")) else { return nil }
    return (url[..<colon].lowercased(), authority.lowercased(), url[end...].drop { $0 == "/" })
}

/// Where a redirect leads: absolute, or a path on the same origin. nil: neither.
func redirected(from url: String, to location: String) -> String? {
    if parts(of: location) != nil { return location }
    guard let (scheme, authority, _) = parts(of: url), location.utf8.first == UInt8(ascii: "/"),
        !location.utf8.starts(with: "//".utf8)
    else { return nil }
    return "\(scheme)://\(authority)\(location)"
}
