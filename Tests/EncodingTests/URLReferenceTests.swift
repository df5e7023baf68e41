import Encoding
import Testing

@Suite struct URLReferenceTests {
    /// The examples of RFC 3986, section 5.4. The fragment is dropped.
    @Test func `RFC 3986's examples are resolved as listed there`() {
        let base = URLReference("http://a/b/c/d;p?q")
        let examples = [
            "g:h": "g:h", "g": "http://a/b/c/g", "./g": "http://a/b/c/g", "g/": "http://a/b/c/g/", "/g": "http://a/g",
            "//g": "http://g", "?y": "http://a/b/c/d;p?y", "g?y": "http://a/b/c/g?y", ";x": "http://a/b/c/;x",
            "g;x": "http://a/b/c/g;x", "": "http://a/b/c/d;p?q", ".": "http://a/b/c/", "./": "http://a/b/c/",
            "..": "http://a/b/", "../": "http://a/b/", "../g": "http://a/b/g", "../..": "http://a/",
            "../../": "http://a/", "../../g": "http://a/g", "../../../g": "http://a/g", "../../../../g": "http://a/g",
            "/./g": "http://a/g", "/../g": "http://a/g", "g.": "http://a/b/c/g.", ".g": "http://a/b/c/.g",
            "g..": "http://a/b/c/g..", "..g": "http://a/b/c/..g", "./../g": "http://a/b/g", "./g/.": "http://a/b/c/g/",
            "g/./h": "http://a/b/c/g/h", "g/../h": "http://a/b/c/h", "g;x=1/./y": "http://a/b/c/g;x=1/y",
            "g;x=1/../y": "http://a/b/c/y", "g?y/./x": "http://a/b/c/g?y/./x", "g?y/../x": "http://a/b/c/g?y/../x",
            "g#s": "http://a/b/c/g", "#s": "http://a/b/c/d;p?q", "http:g": "http:g",
        ]
        for (reference, expected) in examples {
            #expect(URLReference(reference).resolved(against: base).text == expected, "\(reference)")
        }
        #expect(URLReference("x").resolved(against: URLReference("http://a")).text == "http://a/x")
    }

    @Test func `An origin consists of scheme, host and a port other than the scheme's default`() {
        let origins = [
            "https://A.b/c": "https://a.b", "HTTPS://a.b:443": "https://a.b", "http://a.b:80?x": "http://a.b",
            "https://a.b:80/": "https://a.b:80", "https://[::1]:443/": "https://[::1]", "ftp://a/": "ftp://a",
            // U+0600 and the colon are one Character.
            "https://a\u{600}:443": "https://a\u{600}", "https://a:443\u{301}": "https://a:443\u{301}",
            "//a/b": nil, "/a": nil, "a.b": nil, "https:///a": nil, "https:a": nil, "1http://a": nil, "": nil,
        ]
        for (text, origin) in origins { #expect(URLReference(text).origin == origin, "\(text)") }
    }
}

@Suite struct HTTPDateTests {
    @Test func `All three forms of an HTTP date are parsed`() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun Nov 6 08:49:37 1994",
        ] { #expect(UTCTime(httpDate: text)?.iso == "1994-11-06T08:49:37Z", "\(text)") }
        #expect(UTCTime(httpDate: "Thursday, 26-Nov-26 01:02:03 GMT")?.iso == "2026-11-26T01:02:03Z")
        for time in [0, 951_782_400, 1_709_164_800, 4_102_444_799] {
            let iso = UTCTime(seconds: time).iso
            let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            let month = months[Int(iso.dropFirst(5).prefix(2))! - 1]
            let text = "Xxx, \(iso.dropFirst(8).prefix(2)) \(month) \(iso.prefix(4)) \(iso.dropFirst(11).prefix(8)) GMT"
            #expect(UTCTime(httpDate: text)?.seconds == time, "\(text)")
        }
    }

    @Test(arguments: [
        "", "1", "-1", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 99999999999999999999 Nov 1994 08:49:37 GMT", "soon", "a b c d e f",
        "Sun, 06 Nov 1994 08:49:37 GMT GMT", "Sun Nov 6 08:49:37 1994 GMT",
    ])
    func `An invalid date is rejected`(_ text: String) {
        #expect(UTCTime(httpDate: text) == nil)
    }
}
