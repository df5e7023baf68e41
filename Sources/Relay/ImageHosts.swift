import Core
import Encoding
import R2

/// Where images are copied from. The hosts of `OZON_IMAGE_HOSTS`: https on port 443 only; `.ozone.ru` is that domain
/// and what lies under it. An entry `http://127.0.0.1:9402` allows exactly that origin: a sandbox. And what lies under
/// `R2_PUBLIC_BASE`: products carry pictures that we stored.
package struct ImageHosts: Sendable {
    private var domains: [String] = []
    private var origins: [String] = []
    private let publicBase: URLReference?

    /// How far an allowed URL is trusted.
    package enum Trust: Sendable {
        /// The host is on the internet: only public addresses may be connected to.
        case publicAddresses
        /// The settings name the origin itself, whatever its address.
        case declared
    }

    /// Why a URL isn't fetched.
    package enum Refusal: Error, Sendable, Equatable {
        case noURL, tooLong, notListed, notHTTPS, otherPort

        /// For people.
        package var reason: String {
            switch self {
            case .noURL: "Invalid URL format"
            case .tooLong: "Invalid URL format: over \(maxURLBytes) bytes"
            case .notListed: "Host not allowed: not in OZON_IMAGE_HOSTS"
            case .notHTTPS: "Host not allowed: not https"
            case .otherPort: "Host not allowed: not port 443"
            }
        }
    }

    /// - Parameter publicBase: `R2_PUBLIC_BASE`; nil: no picture of ours is copied.
    package init?(_ settings: inout Settings, publicBase: String?) {
        self.publicBase = publicBase.map { URLReference($0) }
        let defaults = [".ozone.ru", ".ozonru.cn"]
        let entries = settings.list(
            "OZON_IMAGE_HOSTS", default: defaults.joined(separator: ","),
            "The hosts that images are copied from: a host, a domain with a leading dot, or an origin such as http://127.0.0.1:9402.")
        for entry in entries.flatMap({ $0.isEmpty ? nil : $0 }) ?? defaults {
            let url = URLReference(entry)
            let isOrigin = ["", "/"].contains(url.path) && url.query == nil && !entry.utf8.contains(.atSign)
            if let origin = url.origin, url.isWeb, isOrigin {
                origins.append(origin)
            } else if isDomain(entry.lowercased()) {
                domains.append(entry.lowercased())
            } else {
                settings.fail("OZON_IMAGE_HOSTS", "\(entry) is neither a domain nor an origin")
                return nil
            }
        }
    }

    package func trust(in text: String) throws(Refusal) -> Trust {
        if text.utf8.count > maxURLBytes { throw .tooLong }
        let url = URLReference(text)
        // URL parsers read user information and backslashes in different ways.
        guard isHeaderSafe(text), !text.utf8.contains(.backslash), let origin = url.origin,
            url.authority?.utf8.contains(.atSign) == false
        else { throw .noURL }
        if url.isWeb, origins.contains(origin) || isOurs(url) { return .declared }
        let authority = url.authority ?? ""
        let name = authority.prefix { $0 != ":" }
        guard isName(name), isListed(name) else { throw .notListed }
        guard url.scheme == "https" else { throw .notHTTPS }
        guard origin == "https://\(name)" else { throw .otherPort }
        return .publicAddresses
    }

    private func isListed(_ host: Substring) -> Bool {
        domains.contains { domain in
            guard domain.utf8.first == .dot else { return host == domain }
            return host == domain.dropFirst()
                || host.utf8.count > domain.utf8.count
                    && host.utf8.suffix(domain.utf8.count).elementsEqual(domain.utf8)
        }
    }

    /// Under the public base, and still so for a server that reads `..` or `%2e%2e` in a path.
    private func isOurs(_ url: URLReference) -> Bool {
        guard let publicBase, let origin = publicBase.origin, url.origin == origin else { return false }
        let isBelow =
            url.path.utf8.starts(with: publicBase.path.utf8)
            && url.path.utf8.dropFirst(publicBase.path.utf8.count).first == .slash
        let dots = [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."]
        return isBelow && !url.path.lowercased().split(separator: "/").contains { dots.contains(String($0)) }
    }
}

/// Longer URLs aren't fetched: no image has one.
package let maxURLBytes = 2048

extension URLReference {
    fileprivate var isWeb: Bool { scheme == "https" || scheme == "http" }
}

private func isName(_ host: Substring) -> Bool {
    host.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), .hyphen,
            .dot:
            true
        default: false
        }
    }
}

/// `ozone.ru` or `.ozone.ru`.
private func isDomain(_ entry: String) -> Bool {
    let bare = entry.utf8.first == .dot ? entry.dropFirst() : entry[...]
    return isName(bare) && bare.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
}

/// Where a `Location` leads that came from a URL; nil if it is no reference. A browser escapes what isn't ASCII, so do
/// we.
func redirected(from url: String, to location: String) -> String? {
    var escaped: [UInt8] = []
    for byte in location.utf8 {
        switch byte {
        case 0x21..<0x7F: escaped.append(byte)
        case 0x20, 0x80...: escaped.append(escaped: byte)
        default: return nil
        }
    }
    if escaped.isEmpty { return nil }
    let target = URLReference(String(decoding: escaped, as: UTF8.self)).resolved(against: URLReference(url))
    return target.origin == nil ? nil : target.text
}
