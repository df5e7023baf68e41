import Testing

@testable import Ozon

@Suite struct PictureURLTests {
    @Test(arguments: [
        "https://h", "http://h/a.jpg", "HTTPS://H/", "https://h:8080/a?b=c#d", "https://u:p@h/", "https://h?x",
        "https://1.2.3.4/", "https://[::1]/", "https://h/%20",
    ])
    func `An http or https URL with a host is valid`(_ url: String) {
        #expect(isPictureURL(url))
    }

    @Test(arguments: [
        "h", "h/a.jpg", "//h/a", "https:h", "https:/h", "https://", "https:///a", "https://?a", "https://#a",
        "https://:80/", "https://u@/", "https://u@:80/", "https://\\a", "ftp://h/", "file:///etc/passwd",
        "data:image/png;base64,AA", "javascript://h/", "https://h/a b", "https://h/\u{7F}", "https://h/a\r\nX: y",
        "https://é/", "https://h/é", " https://h", "https ://h", "https\u{301}://h", "",
    ])
    func `Any other URL is invalid`(_ url: String) {
        #expect(!isPictureURL(url))
    }

    @Test func `A URL may have up to 2048 bytes`() {
        let url = "https://h/"
        #expect(isPictureURL(url + String(repeating: "a", count: 2048 - url.utf8.count)))
        #expect(!isPictureURL(url + String(repeating: "a", count: 2049 - url.utf8.count)))
    }

    @Test func `The latest token of an earlier push is found in current URLs and in Ozon's texts`() throws {
        let request = try pictures(#"{"images": ["https://h/a#f", "https://h/b?x"], "color_image": "https://h/c"}"#)
        func token(_ texts: String...) -> Int? { latestToken(of: request, in: texts.map { Array($0.utf8) }) }
        #expect(token("https://h/a?v=7#f") == 7)
        #expect(token("https://cdn/1", "can't read https://h/b?x&v=8. https://h/c?v=6") == 8)
        #expect(token("", "https://h/a", "https://h/a?v=", "https://h/a?v=x", "https://h/z?v=9") == nil)
    }

    @Test func `A token is added to the query before the fragment, and without a token the URL is unchanged`() {
        let cases = [
            "https://h/a.jpg": "https://h/a.jpg?v=7", "https://h/a?x=1": "https://h/a?x=1&v=7",
            "https://h/a#f?g": "https://h/a?v=7#f?g", "https://h/a?x#f": "https://h/a?x&v=7#f",
            "https://h": "https://h?v=7",
        ]
        for (url, expected) in cases {
            #expect(addingRefetchToken(7, to: url) == expected)
            #expect(addingRefetchToken(nil, to: url) == url)
        }
    }
}
