import Core
import Encoding
import R2

/// The hosts that images are copied from.
///
/// - The hosts in `OZON_IMAGE_HOSTS`, over https on port 443. `.ozone.ru` allows that domain and its subdomains.
/// - The origins in `OZON_IMAGE_HOSTS`, such as a sandbox's `http://127.0.0.1:9402`.
/// - URLs under `R2_PUBLIC_BASE`, because products have pictures that were stored in the bucket.
package struct ImageHosts: Sendable {
    private var domains: [String] = []
    private var origins: [String] = []
    private let publicBase: URLReference?

    /// How far an allowed URL is trusted.
    package enum Trust: Sendable {
        /// Only public addresses may be connected to.
        case publicAddresses
        /// The settings name the origin, so it may have any address.
        case declared
    }

    package enum Rejection: Error, Sendable, Equatable {
        case invalidURL, tooLong, notListed, notHTTPS, otherPort

        /// A message for the response.
        package var reason: String {
            switch self {
            case .invalidURL: "Invalid URL format"
            case .tooLong: "Invalid URL format: over \(maxURLBytes) bytes"
            case .notListed: "Host not allowed: not in OZON_IMAGE_HOSTS"
            case .notHTTPS: "Host not allowed: not https"
            case .otherPort: "Host not allowed: not port 443"
            }
        }
    }

    /// - Parameter publicBase: `R2_PUBLIC_BASE`, or nil if that setting can't be used.
    package init?(_ settings: inout Settings, publicBase: String?) {
        self.publicBase = publicBase.map { URLReference($0) }
        let entries = settings.list(
            "OZON_IMAGE_HOSTS", default: [".ozone.ru", ".ozonru.cn"],
            "The hosts that images are copied from: host names, domains with a leading dot (which include subdomains), "
                + "or origins such as http://127.0.0.1:9402."
        )
        for entry in entries {
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

    /// How far the URL of an image, or of a redirect, is trusted.
    /// - Throws: if it must not be fetched.
    package func trust(for url: String) throws(Rejection) -> Trust {
        if url.utf8.count > maxURLBytes { throw .tooLong }
        let parts = URLReference(url)
        // URL parsers differ in how they interpret user information and backslashes.
        guard isHeaderSafe(url), !url.utf8.contains(.backslash), let origin = parts.origin,
            parts.authority?.utf8.contains(.atSign) == false
        else { throw .invalidURL }
        if parts.isWeb, origins.contains(origin) || isInBucket(parts) { return .declared }
        let authority = parts.authority ?? ""
        let name = authority.prefix { $0 != ":" }
        guard isName(name), isListed(name) else { throw .notListed }
        guard parts.scheme == "https" else { throw .notHTTPS }
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

    /// Whether a URL is under the public base, even for a server that resolves `..` or `%2e%2e` in a path.
    private func isInBucket(_ url: URLReference) -> Bool {
        guard let publicBase, let origin = publicBase.origin, url.origin == origin else { return false }
        let isBelow =
            url.path.utf8.starts(with: publicBase.path.utf8)
            && url.path.utf8.dropFirst(publicBase.path.utf8.count).first == .slash
        let dots = [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."]
        return isBelow && !url.path.lowercased().split(separator: "/").contains { dots.contains(String($0)) }
    }
}

/// The longest URL that is fetched, in bytes.
package let maxURLBytes = 2048

private func isName(_ host: Substring) -> Bool {
    host.utf8.allSatisfy { $0.isASCIILowercase || $0.isASCIIDigit || $0 == .hyphen || $0 == .dot }
}

/// `ozone.ru` or `.ozone.ru`.
private func isDomain(_ entry: String) -> Bool {
    let bare = entry.utf8.first == .dot ? entry.dropFirst() : entry[...]
    return isName(bare) && bare.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
}

/// The target of a redirect. Spaces and bytes outside ASCII are escaped, as browsers do.
/// - Returns: nil if the `Location` isn't a URL reference, or if the target has no host.
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
