import Core
import TestSupport
import Testing

@testable import Relay

private func hosts(_ value: String?, publicBase: String? = nil) throws -> ImageHosts {
    var settings = Settings { $0 == "OZON_IMAGE_HOSTS" ? value : nil }
    let made = ImageHosts(&settings, publicBase: publicBase)
    return try #require(made)
}

extension ImageHosts {
    /// nil if the URL is rejected.
    fileprivate func trusted(_ url: String) -> Trust? { try? trust(for: url) }

    fileprivate func reason(_ url: String) -> String? {
        do throws(Rejection) { _ = try trust(for: url) } catch { return error.reason }
        return nil
    }
}

@Suite struct ImageHostsTests {
    @Test(arguments: [
        "https://cdn1.ozone.ru/s3/a.jpg", "https://ir-1.ozonru.cn/a", "https://ozone.ru", "https://a.b.ozone.ru?x",
        "https://IR.OZONE.RU/a", "HTTPS://ir.ozone.ru/a", "https://ir.ozone.ru:443/a", "https://ir.ozone.ru#a",
    ])
    func `Ozon's domains and their subdomains are allowed over https on port 443`(_ url: String) throws {
        #expect(try hosts(nil).trusted(url) == .publicAddresses)
    }

    @Test(arguments: [
        "http://ir.ozone.ru/a", "https://ir.ozone.ru:8443/a", "https://ir.ozone.ru:80/a", "https://ir.ozone.ru:/a",
        "https://ir.ozone.ru:443:443/a", "https://ir.ozone.ru:0443/a", "https://evilozone.ru/",
        "https://ozone.ru.evil.com/", "https://ozone.com/", "https://ru/", "https://.ozone.ru/", "https://ozone.ru./a",
        "https://ir.ozone.ru./a", "https://u@ir.ozone.ru/", "https://ir.ozone.ru@evil.com/",
        "https://ir.ozone.ru:443@evil.com/",
        "https://evil.com\\.ozone.ru/", "https://ir.ozone.ru\\@evil.com/", "https://evil.com/.ozone.ru",
        "https://evil.com?.ozone.ru", "https://evil.com#.ozone.ru", "https://evil.com%2F.ozone.ru/",
        "https://evil.com%00.ozone.ru/", "https://[::1].ozone.ru/", "https://[::1]/", "https://127.0.0.1/",
        "https://a_b.ozone.ru/", "https://ir.оzone.ru/", "https://ir。ozone.ru/", "https://ir.ozone.ru/a b",
        "https://ir.ozone.ru/a\r\nX: y", "https:/ir.ozone.ru/", "https:ir.ozone.ru", "//ir.ozone.ru/",
        "ir.ozone.ru", "file://ir.ozone.ru/a", "ftp://ir.ozone.ru/", "https://", "", "https:///ir.ozone.ru/",
    ])
    func `Any other URL is rejected`(_ url: String) throws {
        #expect(try hosts(nil).trusted(url) == nil)
    }

    @Test func `A domain without a leading dot allows that host only`() throws {
        let hosts = try hosts("cdn.example, .Pictures.example")
        #expect(hosts.trusted("https://cdn.example/") == .publicAddresses)
        #expect(hosts.trusted("https://a.cdn.example/") == nil)
        #expect(hosts.trusted("https://a.pictures.example/") == .publicAddresses)
        #expect(hosts.trusted("https://ir.ozone.ru/") == nil, "the setting replaces the default")
    }

    @Test func `An origin is allowed exactly as it is declared`() throws {
        let hosts = try hosts("http://127.0.0.1:9402, https://cdn.example:8443/")
        for url in ["http://127.0.0.1:9402/a", "HTTP://127.0.0.1:9402", "https://cdn.example:8443/a?b"] {
            #expect(hosts.trusted(url) == .declared, "\(url)")
        }
        for url in [
            "https://127.0.0.1:9402/", "http://127.0.0.1/", "http://127.0.0.1:94020/", "http://127.0.0.1:9403/",
            "http://127.0.0.1:9402@evil.com/", "http://u@127.0.0.1:9402/", "http://127.0.0.1:9402\\/",
            "http://127.1:9402/", "https://cdn.example/", "http://cdn.example:8443/",
        ] { #expect(hosts.trusted(url) == nil, "\(url)") }
    }

    @Test func `An empty setting allows Ozon's domains`() throws {
        #expect(try hosts("").trusted("https://ir.ozone.ru/") == .publicAddresses)
    }

    @Test(arguments: [
        "http://h/path", "https://h?x", "ftp://h", "a/b", "http://u@h", "http://", "://h", ".", "*.ozone.ru",
        "ozone.ru:443", "a b", "..ru",
    ])
    func `An invalid entry is a fault that names the entry`(_ entry: String) {
        var settings = Settings { $0 == "OZON_IMAGE_HOSTS" ? ".ozone.ru,\(entry)" : nil }
        #expect(ImageHosts(&settings, publicBase: nil) == nil)
        #expect(settings.faults == ["OZON_IMAGE_HOSTS: \(entry) is neither a domain nor an origin"])
    }

    @Test func `A rejection states its reason`() throws {
        let hosts = try hosts(nil)
        let cases = [
            "https://cdn.example/a.jpg": "Host not allowed: not in OZON_IMAGE_HOSTS",
            "http://cdn.example/a.jpg": "Host not allowed: not in OZON_IMAGE_HOSTS",
            "https://[::1]/a.jpg": "Host not allowed: not in OZON_IMAGE_HOSTS",
            "http://cdn1.ozone.ru/a.jpg": "Host not allowed: not https",
            "ftp://cdn1.ozone.ru/a.jpg": "Host not allowed: not https",
            "https://cdn1.ozone.ru:8443/a.jpg": "Host not allowed: not port 443",
            "": "Invalid URL format", "a.jpg": "Invalid URL format", "//cdn1.ozone.ru/a.jpg": "Invalid URL format",
            "https://": "Invalid URL format", "https://u@cdn1.ozone.ru/a": "Invalid URL format",
            "https://cdn1.ozone.ru/a b": "Invalid URL format", "https://cdn1.ozone.ru/é": "Invalid URL format",
            "https://cdn1.ozone.ru\\a": "Invalid URL format",
        ]
        for (url, reason) in cases { #expect(hosts.reason(url) == reason, "\(url)") }
        let path = "https://cdn1.ozone.ru/"
        let longest = path + String(repeating: "a", count: 2048 - path.utf8.count)
        #expect(hosts.reason(longest) == nil)
        #expect(hosts.reason(longest + "a") == "Invalid URL format: over 2048 bytes")
        #expect(hosts.reason(path + String(repeating: "a", count: 9_000_000)) == "Invalid URL format: over 2048 bytes")
    }

    @Test func `Only pictures under our own public base are copied from there`() throws {
        let own = try hosts(nil, publicBase: "https://r0.image2url.com")
        for url in ["https://r0.image2url.com/users/u/a.jpg", "HTTPS://R0.image2url.com:443/a?b"] {
            #expect(own.trusted(url) == .declared, "\(url)")
        }
        for url in [
            "http://r0.image2url.com/a.jpg", "https://r0.image2url.com.evil.com/a.jpg",
            "https://r0.image2url.com:444/a", "https://u@r0.image2url.com/a.jpg", "https://x.r0.image2url.com/a.jpg",
            "https://r0.image2url.com",
        ] { #expect(own.trusted(url) == nil, "\(url)") }
        let below = try hosts(nil, publicBase: "http://127.0.0.1:9000/pictures")
        #expect(below.trusted("http://127.0.0.1:9000/pictures/a.jpg") == .declared)
        for url in [
            "http://127.0.0.1:9000/a.jpg", "http://127.0.0.1:9000/picturesx/a.jpg", "http://127.0.0.1:9000/pictures",
            "http://127.0.0.1:9000/pictures/../admin", "http://127.0.0.1:9000/pictures/%2e%2E/admin",
            "http://127.0.0.1:9000/pictures/.%2e/admin", "http://127.0.0.1:9001/pictures/a.jpg",
        ] { #expect(below.trusted(url) == nil, "\(url)") }
    }

    @Test func `A redirect is resolved as a browser resolves it`() {
        let from = "https://IR.ozone.ru:443/s3/a.jpg?x#y"
        let cases = [
            "https://cdn.example/b": "https://cdn.example/b", "/b?c": "https://ir.ozone.ru:443/b?c",
            "/": "https://ir.ozone.ru:443/", "//evil.com/b": "https://evil.com/b",
            "b.jpg": "https://ir.ozone.ru:443/s3/b.jpg", "?b": "https://ir.ozone.ru:443/s3/a.jpg?b",
            "../c/./d.jpg": "https://ir.ozone.ru:443/c/d.jpg", "#z": "https://ir.ozone.ru:443/s3/a.jpg?x",
            "/é b": "https://ir.ozone.ru:443/%C3%A9%20b", "HTTP://h/x": "http://h/x",
            "https://u@h/": "https://u@h/", "file:///etc/passwd": nil, "": nil, "https:/b": nil, "https:b": nil,
            "mailto:a@b": nil, "/a\u{7}b": nil,
        ]
        for (location, expected) in cases { #expect(redirected(from: from, to: location) == expected, "\(location)") }
        #expect(redirected(from: "nonsense", to: "/b") == nil)
    }
}
