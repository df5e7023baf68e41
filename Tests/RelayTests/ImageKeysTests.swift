import TestSupport
import Testing

@testable import R2
@testable import Relay
@testable import Uploads

@Suite struct ImageKeysTests {
    private func keys(_ urls: [String], user: String = "u", article: String = "219") throws -> [String] {
        var keys = ImageKeys(userID: user, article: article)
        return try urls.map { try keys.key(for: $0, in: AllowedPrefixes.all).text }
    }

    @Test func `A key consists of user, article and the last path segment of the URL`() throws {
        let urls = [
            "https://cdn1.ozone.ru/s3/multimedia-1-i/8388316998.jpg", "https://ir.ozone.ru/s3/a.webp?x=/y.png#z",
            "https://ir.ozone.ru/b.png#/c.png",
        ]
        #expect(
            try keys(urls) == ["users/u/ozon/219/8388316998.jpg", "users/u/ozon/219/a.webp", "users/u/ozon/219/b.png"])
    }

    // The digits are the first eight of `printf %s URL | sha256sum`.
    @Test func `A repeated name gets eight digits of the URL's SHA-256 before its extension`() throws {
        #expect(
            try keys(["https://h/1/a.jpg", "https://h/2/a.jpg", "https://h/1/noext", "https://h/2/noext"]) == [
                "users/u/ozon/219/a.jpg", "users/u/ozon/219/a-3e3c1f15.jpg", "users/u/ozon/219/noext",
                "users/u/ozon/219/noext-a1a00b07",
            ])
    }

    @Test(arguments: ["https://h/", "https://h/a/", "https://h/?a.jpg", "https://h"])
    func `An empty name is replaced by eight digits of the URL's SHA-256`(_ url: String) throws {
        let name = try #require(try keys([url])[0].split(separator: "/").last)
        #expect(name.utf8.count == 8)
        #expect(name.allSatisfy { $0.isHexDigit })
    }

    @Test func `Names that differ only in their normal form count as repeated`() throws {
        let keys = try self.keys(["https://h/1/é.jpg", "https://h/2/e\u{301}.jpg"])
        #expect(Set(keys).count == 2)
    }

    @Test func `Characters that a key cannot contain are percent-encoded`() throws {
        #expect(try keys(["https://h/a\\b\n.jpg"]) == ["users/u/ozon/219/a%5Cb%0A.jpg"])
        #expect(try keys(["https://h/.."]) == ["users/u/ozon/219/%2E%2E"])
        #expect(try keys(["https://h/a.jpg"], article: "x/y%z\\") == ["users/u/ozon/x%2Fy%25z%5C/a.jpg"])
        #expect(try keys(["https://h/a.jpg"], article: "..") == ["users/u/ozon/%2E%2E/a.jpg"])
        #expect(try keys(["https://h/a.jpg"], article: ".") == ["users/u/ozon/%2E/a.jpg"])
    }

    @Test func `Different articles never share a folder`() throws {
        let articles = ["a/b", "a%2Fb", ".", "%2E", "..", "%2E%2E", "a\\b", "a%5Cb", "/", "%", "\r\n", "/\u{301}"]
        let folders = try articles.map { try keys(["https://h/x"], article: $0)[0] }
        #expect(Set(folders.map { Array($0.utf8) }).count == articles.count)
    }

    @Test func `A slash before a combining mark cannot leave the folder`() throws {
        let key = try keys(["https://h/x"], article: "../\u{301}..")[0]
        #expect(key.utf8.elementsEqual("users/u/ozon/..%2F\u{301}../x".utf8))
    }

    @Test func `A key over 1024 bytes is rejected`() {
        #expect(throws: ObjectKeyError.invalid("is longer than 1024 bytes")) {
            try keys(["https://h/x"], article: String(repeating: "a", count: 1024))
        }
    }

    @Test func `A key outside the allowed prefixes is rejected whatever the length of its article and name`() {
        let alice = AllowedPrefixes(["users/"]).narrowed(by: ["users/alice/"])
        for (length, name) in [(1, "a.jpg"), (1000, "ab"), (1004, "a.jp"), (1007, "a"), (1007, "abcd"), (1010, "x")] {
            var keys = ImageKeys(userID: "bob", article: String(repeating: "0", count: length))
            #expect(throws: ObjectKeyError.self, "\(length) \(name)") {
                try keys.key(for: "https://h/\(name)", in: alice)
            }
            #expect(!alice.allows(folder: keys.folder))
        }
        #expect(alice.allows(folder: ImageKeys(userID: "alice", article: "0").folder))
    }

    @Test func `A folder is allowed if everything directly in it is`() {
        let allowed = AllowedPrefixes(["users/u/ozon/A/", "shared"])
        for folder in ["users/u/ozon/A/", "users/u/ozon/A/b/", "shared/", "shared/x/"] {
            #expect(allowed.allows(folder: folder), "\(folder)")
        }
        for folder in ["users/u/ozon/", "users/u/ozon/B/", "sharedx/", "users/"] {
            #expect(!allowed.allows(folder: folder), "\(folder)")
        }
    }

    @Test func `The media type follows the extension, and is JPEG for an unknown one`() throws {
        let types = [
            "a.png": "image/png", "a.PNG": "image/png", "a.webp": "image/webp", "a.gif": "image/gif",
            "a.avif": "image/avif", "a.heic": "image/heic", "a.heif": "image/heic", "a.jpg": "image/jpeg",
            "a": "image/jpeg", "png": "image/png", "a.png/b": "image/jpeg",
        ]
        for (name, type) in types { #expect(ImageFormat(of: try ObjectKey(name)).mediaType == type, "\(name)") }
    }

    @Test(arguments: ["u", "test-user", "фото", "...", "a b"])
    func `A valid key segment is accepted`(_ text: String) {
        #expect(isKeySegment(text))
    }

    @Test(arguments: ["", ".", "..", "a/b", "/", "/\u{301}", "a\\b", "a\r\nb", "\u{85}"])
    func `An invalid key segment is rejected`(_ text: String) {
        #expect(!isKeySegment(text))
    }
}
