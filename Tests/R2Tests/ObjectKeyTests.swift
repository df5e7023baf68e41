import TestSupport
import Testing

@testable import R2

private func reason(_ text: String) -> String? {
    do throws(ObjectKey.Invalid) {
        _ = try ObjectKey(text)
        return nil
    } catch {
        return error.reason
    }
}

@Suite("Object keys")
struct ObjectKeyTests {
    @Test(
        "an ordinary key is kept as it is",
        arguments: [
            "a", "users/u/ozon/2194435300/a.jpg", "users/a b+c=(d)%#?&;,'\"!*~.jpg", "фото/图片/🧸.webp", "...", "a..b/.c",
            "..a/a..", " ", "users/\u{301}x",
        ])
    func ordinary(_ text: String) throws {
        #expect(try ObjectKey(text).text.utf8.elementsEqual(text.utf8))
    }

    @Test(
        "a key that browsers, R2 or a log would read otherwise is refused",
        arguments: [
            ("", "is empty"),
            ("/", "begins or ends with /"),
            ("/a", "begins or ends with /"),
            ("a/", "begins or ends with /"),
            ("a//b", "contains an empty segment"),
            (".", "contains a . or .. segment"),
            ("a/./b", "contains a . or .. segment"),
            ("../a", "contains a . or .. segment"),
            ("a/..", "contains a . or .. segment"),
            ("a\\b", "contains a backslash"),
            ("a\nb", "contains a control character"),
            ("a\u{0}b", "contains a control character"),
            ("a\u{7F}b", "contains a control character"),
            ("a\u{80}b", "contains a control character"),
            ("a\u{9F}b", "contains a control character"),
        ])
    func refused(_ text: String, _ expected: String) {
        #expect(reason(text) == expected)
    }

    @Test("graphemes hide nothing: CR LF is one character, and its bytes are refused")
    func carriageReturn() {
        #expect(reason("users/a\r\nb.jpg") == "contains a control character")
    }

    @Test("graphemes hide nothing: .. before a combining mark is a segment of its own")
    func hiddenDots() {
        #expect(reason("users/a/../\u{301}b") == "contains a . or .. segment")
        #expect(reason("users/a/./\u{301}b") == "contains a . or .. segment")
        #expect(reason("users/a//\u{301}b") == "contains an empty segment")
        #expect(reason("a\\\u{301}b") == "contains a backslash")
    }

    @Test("dots that carry a mark are a name")
    func markedDots() {
        #expect(reason("users/..\u{301}/b") == nil)
    }

    @Test("1024 bytes are the limit, counted after normalisation")
    func length() {
        #expect(reason(String(repeating: "a", count: 1024)) == nil)
        #expect(reason(String(repeating: "a", count: 1025)) == "is longer than 1024 bytes")
        // Three bytes apart, two together.
        #expect(reason(String(repeating: "e\u{301}", count: 512)) == nil)
        // Two bytes each; composition is excluded, so NFC makes four of them.
        #expect(reason(String(repeating: "\u{344}", count: 300)) == "is longer than 1024 bytes")
    }

    @Test("a key is brought to NFC")
    func normalisation() throws {
        struct File: Decodable { let cases: [[String]] }
        let file: File = try Vectors(beside: #filePath).json("nfc.json")
        #expect(file.cases.count == 400)
        for example in file.cases {
            let made = try ObjectKey(example[0]).text
            #expect(made.utf8.elementsEqual(example[1].utf8), "\(example[0].unicodeScalars.map(\.value))")
        }
    }

    @Test("two spellings of one name are one key")
    func spellings() throws {
        #expect(try ObjectKey("users/e\u{301}.jpg") == ObjectKey("users/é.jpg"))
        #expect(try ObjectKey("users/e.jpg") != ObjectKey("users/é.jpg"))
    }
}

@Suite("Allowed prefixes")
struct AllowedPrefixesTests {
    private func allows(_ prefixes: [String], _ key: String, narrowed: String? = nil) throws -> Bool {
        var allowed = AllowedPrefixes(prefixes)
        if let narrowed { allowed = allowed.narrowed(by: [narrowed]) }
        return allowed.allows(try ObjectKey(key))
    }

    @Test("a key under one of the prefixes is allowed")
    func under() throws {
        #expect(try allows(["users/", "shared/"], "users/a.jpg"))
        #expect(try allows(["users/", "shared/"], "shared/a/b.jpg"))
        #expect(try allows(["фото/"], "фото/a.jpg"))
    }

    @Test(
        "a key outside the prefixes is refused",
        arguments: ["a.jpg", "user/a.jpg", "Users/a.jpg", "x/users/a.jpg", "usersx/a.jpg", "users"])
    func outside(_ key: String) throws {
        #expect(try !allows(["users/"], key))
    }

    @Test("a prefix ends at a segment's border, with its slash or without")
    func border() throws {
        #expect(try allows(["users"], "users/a.jpg"))
        #expect(try !allows(["users"], "usersx/a.jpg"))
        #expect(try !allows(["users/u"], "users/u2/a.jpg"))
    }

    @Test("graphemes hide nothing: a name that begins with a combining mark lies under its folder, and nowhere else")
    func combining() throws {
        #expect(try allows(["users/"], "users/\u{301}x"))
        #expect(try !allows(["users/u/"], "users/u\u{301}/x"))
        #expect(try !allows(["other/"], "users/\u{301}x"))
    }

    @Test("an empty list allows everything; an empty prefix nothing")
    func empty() throws {
        #expect(try allows([], "anything/at/all"))
        #expect(try !allows([""], "users/a.jpg"))
        #expect(try !allows(["/"], "users/a.jpg"))
    }

    @Test("a prefix in another normal form is the same prefix")
    func normalForm() throws {
        #expect(try allows(["users/e\u{301}/"], "users/é/a.jpg"))
    }

    @Test("a narrowing takes away and never adds")
    func narrowing() throws {
        #expect(try allows(["users/"], "users/u/a.jpg", narrowed: "users/u/"))
        #expect(try !allows(["users/"], "users/v/a.jpg", narrowed: "users/u/"))
        #expect(try !allows(["users/"], "shared/a.jpg", narrowed: "shared/"))
        #expect(try !allows([], "users/v/a.jpg", narrowed: "users/u/"))
        #expect(try !allows([], "users/v/a.jpg", narrowed: ""))
        #expect(try !allows(["users/"], "users/v/a.jpg", narrowed: "users//"))
    }
}
