import Core
import TestSupport
import Testing

@testable import Relay

private func hosts(_ value: String?) throws -> ImageHosts {
    var settings = Settings { $0 == "OZON_IMAGE_HOSTS" ? value : nil }
    let made = ImageHosts(&settings)
    return try #require(made)
}

@Suite("Hosts of images")
struct ImageHostsTests {
    @Test(
        "Ozon's domains and what lies under them, over https on its own port",
        arguments: [
            "https://cdn1.ozone.ru/s3/a.jpg", "https://ir-1.ozonru.cn/a", "https://ozone.ru", "https://a.b.ozone.ru?x",
            "https://IR.OZONE.RU/a", "HTTPS://ir.ozone.ru/a", "https://ir.ozone.ru:443/a", "https://ir.ozone.ru#a",
        ])
    func open(_ url: String) throws {
        #expect(try hosts(nil).place(of: url) == .open)
    }

    @Test(
        "anything else",
        arguments: [
            "http://ir.ozone.ru/a", "https://ir.ozone.ru:8443/a", "https://ir.ozone.ru:80/a", "https://ir.ozone.ru:/a",
            "https://ir.ozone.ru:443:443/a", "https://ir.ozone.ru:0443/a", "https://evilozone.ru/",
            "https://ozone.ru.evil.com/",
            "https://ozone.com/", "https://ru/", "https://.ozone.ru/", "https://ozone.ru./a", "https://ir.ozone.ru./a",
            "https://u@ir.ozone.ru/", "https://ir.ozone.ru@evil.com/", "https://ir.ozone.ru:443@evil.com/",
            "https://evil.com\\.ozone.ru/", "https://ir.ozone.ru\\@evil.com/", "https://evil.com/.ozone.ru",
            "https://evil.com?.ozone.ru", "https://evil.com#.ozone.ru", "https://evil.com%2F.ozone.ru/",
            "https://evil.com%00.ozone.ru/", "https://[::1].ozone.ru/", "https://[::1]/", "https://127.0.0.1/",
            "https://a_b.ozone.ru/", "https://ir.оzone.ru/", "https://ir。ozone.ru/", "https://ir.ozone.ru/a b",
            "https://ir.ozone.ru/a\r\nX: y", "https:/ir.ozone.ru/", "https:ir.ozone.ru", "//ir.ozone.ru/",
            "ir.ozone.ru",
            "file://ir.ozone.ru/a", "ftp://ir.ozone.ru/", "https://", "", "https:///ir.ozone.ru/",
        ])
    func refused(_ url: String) throws {
        #expect(try hosts(nil).place(of: url) == nil)
    }

    @Test("a domain without a leading dot is that host alone")
    func exact() throws {
        let hosts = try hosts("cdn.example, .Pictures.example")
        #expect(hosts.place(of: "https://cdn.example/") == .open)
        #expect(hosts.place(of: "https://a.cdn.example/") == nil)
        #expect(hosts.place(of: "https://a.pictures.example/") == .open)
        #expect(hosts.place(of: "https://ir.ozone.ru/") == nil, "told otherwise, Ozon's own are none")
    }

    @Test("an origin is allowed exactly as it is declared")
    func declared() throws {
        let hosts = try hosts("http://127.0.0.1:9402, https://cdn.example:8443/")
        for url in ["http://127.0.0.1:9402/a", "HTTP://127.0.0.1:9402", "https://cdn.example:8443/a?b"] {
            #expect(hosts.place(of: url) == .declared, "\(url)")
        }
        for url in [
            "https://127.0.0.1:9402/", "http://127.0.0.1/", "http://127.0.0.1:94020/", "http://127.0.0.1:9403/",
            "http://127.0.0.1:9402@evil.com/", "http://u@127.0.0.1:9402/", "http://127.0.0.1:9402\\/",
            "http://127.1:9402/",
            "https://cdn.example/", "http://cdn.example:8443/",
        ] { #expect(hosts.place(of: url) == nil, "\(url)") }
    }

    @Test("empty is Ozon's own")
    func empty() throws {
        #expect(try hosts("").place(of: "https://ir.ozone.ru/") == .open)
    }

    @Test(
        "a bad entry is a fault, and names itself",
        arguments: [
            "http://h/path", "https://h?x", "ftp://h", "a/b", "http://u@h", "http://", "://h", ".", "*.ozone.ru",
            "ozone.ru:443",
            "a b", "..ru",
        ])
    func bad(_ entry: String) {
        var settings = Settings { $0 == "OZON_IMAGE_HOSTS" ? ".ozone.ru,\(entry)" : nil }
        #expect(ImageHosts(&settings) == nil)
        #expect(settings.faults == ["OZON_IMAGE_HOSTS: \(entry) is neither a domain nor an origin"])
    }

    @Test("a redirect leads to an absolute URL or a path of the same origin, and nowhere else")
    func redirects() {
        let from = "https://IR.ozone.ru:443/s3/a.jpg?x#y"
        let cases = [
            "https://cdn.example/b": "https://cdn.example/b", "/b?c": "https://ir.ozone.ru:443/b?c",
            "/": "https://ir.ozone.ru:443/",
            "//evil.com/b": nil, "b.jpg": nil, "?b": nil, "": nil, "https://u@h/": nil, "\\\\evil.com": nil,
            "https:/b": nil,
        ]
        for (location, expected) in cases { #expect(redirected(from: from, to: location) == expected, "\(location)") }
        #expect(redirected(from: "nonsense", to: "/b") == nil)
    }
}
