import CCurl
import Core
import Foundation

@testable import Encoding
@testable import Relay

private let hosts: ImageHosts = {
    var settings = Settings { $0 == "OZON_IMAGE_HOSTS" ? ".ozone.ru,cdn.example,http://127.0.0.1:9402" : nil }
    return ImageHosts(&settings, publicBase: "https://pictures.example/base")!
}()

/// The input is a URL and, on the next line, the `Location` of a redirect. libcurl, which fetches the URL, must connect
/// to the host that was checked. references.py and references.mjs compare the hosts with those that Python's urllib and
/// the WHATWG's algorithm find.
func fuzzURLs(_ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", maxSplits: 1)
    guard let url = lines.first.map(String.init), let trust = try? hosts.trust(for: url) else { return }
    checkHost(of: url, trust)
    guard lines.count == 2, let target = redirected(from: url, to: String(lines[1])) else { return }
    require(URLReference(target).text == target, "\(target) changes when it is parsed again")
    guard let trust = try? hosts.trust(for: target) else { return }
    checkHost(of: target, trust)
    record(["url": url, "location": String(lines[1]), "target": target])
}

private func checkHost(of url: String, _ trust: ImageHosts.Trust) {
    let parts = URLReference(url)
    record(["url": url, "origin": parts.origin!])
    // What libcurl rejects isn't fetched.
    guard let parsed = parsedByCurl(url) else { return }
    require(
        "\(parsed.scheme)://\(parsed.host)" == withoutPort(parts.origin!), "libcurl connects to \(parsed) for \(url)")
    switch trust {
    case .publicAddresses:
        let isListed = parsed.host == "cdn.example" || ".\(parsed.host)".hasSuffix(".ozone.ru")
        require(isListed && parsed.scheme == "https" && parsed.port == 443, "\(parsed) is trusted, for \(url)")
    case .declared:
        let isBucket = parsed.host == "pictures.example" && parsed.port == 443 && parsed.path.hasPrefix("/base/")
        require(isBucket || parsed.host == "127.0.0.1" && parsed.port == 9402, "\(parsed) is declared, for \(url)")
    }
}

private func withoutPort(_ origin: String) -> String {
    origin.replacing(/:[0-9]+$/, with: "")
}

struct CurlURL {
    let scheme: String
    let host: String
    let port: Int
    let path: String
}

/// The parts of a URL by libcurl's own parser; nil if libcurl rejects it.
func parsedByCurl(_ url: String) -> CurlURL? {
    let handle = curl_url()
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
    func part(_ name: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, name, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
    guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST),
        let port = part(CURLUPART_PORT).flatMap({ Int($0) }), let path = part(CURLUPART_PATH)
    else { return nil }
    return CurlURL(scheme: scheme, host: host.lowercased(), port: port, path: path)
}
