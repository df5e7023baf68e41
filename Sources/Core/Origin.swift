import Encoding

/// `https://host[:port]`: lower case, without the scheme's default port.
package struct Origin: Sendable {
    package let url: String
    /// The value of the `Host` header: the host, and the port unless it is the default one.
    package let host: String

    package struct Invalid: Error {
        package let reason: String
    }

    package init(_ text: String) throws(Invalid) {
        let parts = URLReference(text)
        guard parts.isWeb, let scheme = parts.scheme, let authority = parts.authority else {
            throw Invalid(reason: "must begin with https://")
        }
        guard ["", "/"].contains(parts.path), parts.query == nil, !text.utf8.contains(.numberSign) else {
            throw Invalid(reason: "must consist of a scheme and a host, without a path")
        }
        guard let (name, port) = hostAndPort(authority) else { throw Invalid(reason: "has no valid host") }
        guard scheme == "https" || isLoopback(name) else {
            throw Invalid(reason: "must be https (http is for loopback only)")
        }
        let defaultPort = scheme == "https" ? 443 : 80
        host = port == nil || port == defaultPort ? name : "\(name):\(port!)"
        url = "\(scheme)://\(host)"
    }
}

private func hostAndPort(_ authority: String) -> (name: String, port: Int?)? {
    let isBracketed = authority.utf8.first == UInt8(ascii: "[")
    let bracket = isBracketed ? authority.utf8.firstIndex(of: UInt8(ascii: "]")) : nil
    if isBracketed, bracket == nil { return nil }
    let nameEnd =
        bracket.map { authority.utf8.index(after: $0) } ?? authority.utf8.firstIndex(of: .colon)
        ?? authority.utf8.endIndex
    let name = authority[..<nameEnd]
    let rest = authority[nameEnd...]
    let bare = isBracketed ? name.dropFirst().dropLast() : name
    guard !bare.isEmpty, bare.utf8.allSatisfy({ isHostByte($0) || (isBracketed && $0 == .colon) }) else {
        return nil
    }
    if rest.isEmpty { return (String(name), nil) }
    guard rest.utf8.first == .colon, let port = positiveInteger(String(rest.dropFirst())), port < 65_536
    else { return nil }
    return (String(name), port)
}

private func isHostByte(_ byte: UInt8) -> Bool {
    byte.isASCIILowercase || byte.isASCIIDigit || "-._".utf8.contains(byte)
}

private func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "[::1]" || host.utf8.starts(with: "127.".utf8) && isIPv4Address(host)
}

private func isIPv4Address(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
}
