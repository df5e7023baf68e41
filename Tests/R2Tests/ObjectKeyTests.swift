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

@Suite struct ObjectKeyTests {
    @Test(arguments: [
        "a", "users/u/ozon/2194435300/a.jpg", "users/a b+c=(d)%#?&;,'\"!*~.jpg", "фото/图片/🧸.webp", "...", "a..b/.c",
        "..a/a..", " ", "users/\u{301}x",
    ])
    func `A valid key is kept unchanged`(_ text: String) throws {
        #expect(try ObjectKey(text).text.utf8.elementsEqual(text.utf8))
    }

    @Test(arguments: [
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
    func `A key that browsers, R2 or a log would interpret differently is rejected`(_ text: String, _ expected: String)
    {
        #expect(reason(text) == expected)
    }

    @Test func `CR LF is a single grapheme, but its bytes are rejected`() {
        #expect(reason("users/a\r\nb.jpg") == "contains a control character")
    }

    @Test func `Two dots before a slash with a combining mark are a segment of their own`() {
        #expect(reason("users/a/../\u{301}b") == "contains a . or .. segment")
        #expect(reason("users/a/./\u{301}b") == "contains a . or .. segment")
        #expect(reason("users/a//\u{301}b") == "contains an empty segment")
        #expect(reason("a\\\u{301}b") == "contains a backslash")
    }

    @Test func `Dots with a combining mark are a valid name`() {
        #expect(reason("users/..\u{301}/b") == nil)
    }

    @Test func `The limit is 1024 bytes after normalization`() {
        #expect(reason(String(repeating: "a", count: 1024)) == nil)
        #expect(reason(String(repeating: "a", count: 1025)) == "is longer than 1024 bytes")
        // Three bytes decomposed, two bytes composed.
        #expect(reason(String(repeating: "e\u{301}", count: 512)) == nil)
        // Two bytes each. U+0344 is excluded from composition, so NFC decomposes it into four bytes.
        #expect(reason(String(repeating: "\u{344}", count: 300)) == "is longer than 1024 bytes")
    }

    @Test func `A key is normalized to NFC`() throws {
        struct File: Decodable { let cases: [[String]] }
        let file: File = try Vectors(beside: #filePath).json("nfc.json")
        #expect(file.cases.count == 400)
        for example in file.cases {
            let key = try ObjectKey(example[0]).text
            #expect(key.utf8.elementsEqual(example[1].utf8), "\(example[0].unicodeScalars.map(\.value))")
        }
    }

    @Test func `Two normal forms of one name are the same key`() throws {
        #expect(try ObjectKey("users/e\u{301}.jpg") == ObjectKey("users/é.jpg"))
        #expect(try ObjectKey("users/e.jpg") != ObjectKey("users/é.jpg"))
    }
}

@Suite struct AllowedPrefixesTests {
    /// - Parameter prefixes: nil for `AllowedPrefixes.all`.
    private func allows(_ prefixes: [String]?, _ key: String, narrowed: [String]? = nil) throws -> Bool {
        var allowed = prefixes.map { AllowedPrefixes($0) } ?? .all
        if let narrowed { allowed = allowed.narrowed(by: narrowed) }
        return allowed.allows(try ObjectKey(key))
    }

    @Test func `A key under one of the prefixes is allowed`() throws {
        #expect(try allows(["users/", "shared/"], "users/a.jpg"))
        #expect(try allows(["users/", "shared/"], "shared/a/b.jpg"))
        #expect(try allows(["фото/"], "фото/a.jpg"))
    }

    @Test(arguments: ["a.jpg", "user/a.jpg", "Users/a.jpg", "x/users/a.jpg", "usersx/a.jpg", "users"])
    func `A key outside the prefixes is rejected`(_ key: String) throws {
        #expect(try !allows(["users/"], key))
    }

    @Test func `A prefix ends at a segment boundary, with or without its slash`() throws {
        #expect(try allows(["users"], "users/a.jpg"))
        #expect(try !allows(["users"], "usersx/a.jpg"))
        #expect(try !allows(["users/u"], "users/u2/a.jpg"))
    }

    @Test
    func `A name that begins with a combining mark belongs to its own folder only`()
        throws
    {
        #expect(try allows(["users/"], "users/\u{301}x"))
        #expect(try !allows(["users/u/"], "users/u\u{301}/x"))
        #expect(try !allows(["other/"], "users/\u{301}x"))
    }

    @Test func `Neither an empty list nor an empty prefix allows any key`() throws {
        #expect(try allows(nil, "anything/at/all"))
        #expect(try !allows([], "users/a.jpg"))
        #expect(try !allows(nil, "users/a.jpg", narrowed: []))
        #expect(AllowedPrefixes.all.allows(folder: "users/") && !AllowedPrefixes([]).allows(folder: "users/"))
        #expect(try !allows([""], "users/a.jpg"))
        #expect(try !allows(["/"], "users/a.jpg"))
    }

    @Test func `A prefix in another normal form is the same prefix`() throws {
        #expect(try allows(["users/e\u{301}/"], "users/é/a.jpg"))
    }

    @Test func `Narrowing only removes access and never adds any`() throws {
        #expect(try allows(["users/"], "users/u/a.jpg", narrowed: ["users/u/"]))
        #expect(try !allows(["users/"], "users/v/a.jpg", narrowed: ["users/u/"]))
        #expect(try !allows(["users/"], "shared/a.jpg", narrowed: ["shared/"]))
        #expect(try !allows(nil, "users/v/a.jpg", narrowed: ["users/u/"]))
        #expect(try !allows(nil, "users/v/a.jpg", narrowed: [""]))
        #expect(try !allows(["users/"], "users/v/a.jpg", narrowed: ["users//"]))
    }
}
