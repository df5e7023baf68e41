import Core
import Digest
import Foundation
import TestSupport
import Testing

private func entry(_ key: String, _ changes: [String: Any?] = [:]) -> [String: Any] {
    var entry: [String: Any] = [
        "id": "studio", "sha256": hex(SHA256.digest(Array(key.utf8))), "prefixes": ["users/a/"], "endpoints": ["*"],
    ]
    for (name, value) in changes { entry[name] = value }
    return entry
}

private func keys(_ entries: [Any], plain: [String] = ["plain-key"]) throws -> APIKeys {
    try APIKeys(plain).with(scopes: Array(JSONSerialization.data(withJSONObject: entries)))
}

extension APIKeys {
    fileprivate func access(_ key: String) -> Access? { access(forHeaderValues: [Array(key.utf8)]) }
}

@Suite struct ScopesTests {
    @Test func `A scoped key has an ID, prefixes and endpoints, and a plain key has none of them`() throws {
        let keys = try keys([entry("scoped-key", ["endpoints": ["r2-presigned-url", "r2-presigned-urls"]])])
        let scoped = try #require(keys.access("scoped-key"))
        #expect(scoped.id == "studio")
        #expect(scoped.endpoints == ["r2-presigned-url", "r2-presigned-urls"])
        #expect(scoped.prefixes == ["users/a/"])
        let plain = try #require(keys.access("plain-key"))
        #expect(plain.id == nil && plain.prefixes == nil && plain.endpoints == nil)
        for key in ["", "scoped-ke", "scoped-key ", hex(SHA256.digest(Array("scoped-key".utf8)))] {
            #expect(keys.access(key) == nil)
        }
        #expect(keys.access(forHeaderValues: [Array("scoped-key".utf8), Array("scoped-key".utf8)]) == nil)
    }

    @Test func `An asterisk allows every endpoint, and the digest's hex digits may be in either case`() throws {
        #expect(try #require(try keys([entry("k")]).access("k")).endpoints == nil)
        #expect(try #require(try keys([entry("k", ["endpoints": ["a", "*"]])]).access("k")).endpoints == nil)
        let upper = hex(SHA256.digest(Array("k".utf8))).uppercased()
        #expect(try keys([entry("k", ["sha256": upper])]).access("k") != nil)
    }

    @Test func `A plain key stays unscoped, and a new list of scopes replaces the old one`() throws {
        let first = try keys([entry("plain-key"), entry("old")])
        #expect(first.access("plain-key")?.id == nil)
        let next = try first.with(scopes: Array(JSONSerialization.data(withJSONObject: [entry("new")])))
        #expect(next.access("old") == nil)
        #expect(next.access("new")?.id == "studio")
        #expect(next.access("plain-key") != nil)
        #expect(try next.with(scopes: Array("[]".utf8)).access("new") == nil)
    }

    @Test func `All four members are required in the right type, and one invalid entry invalidates the file`() throws {
        let digest = hex(SHA256.digest(Array("k".utf8)))
        var invalid: [Any] = [1, "x", NSNull(), [] as [Any]]
        for name in ["id", "sha256", "prefixes", "endpoints"] {
            for value: Any? in [nil, 5, NSNull(), ["a": 1]] as [Any?] { invalid.append(entry("k", [name: value])) }
        }
        invalid += [
            ["id": ""], ["endpoints": [] as [Any]], ["endpoints": ["a", 1]], ["prefixes": [1]], ["prefixes": "users/"],
        ].map { entry("k", $0) }
        for sha in [
            "", "k", String(digest.dropLast()), digest + "0", String(digest.dropLast()) + "g",
            "0x" + digest.dropFirst(2),
            // Fullwidth digits, which have three bytes each.
            String(repeating: "\u{FF11}", count: 21) + "1", digest.dropLast(3) + "\u{FF21}",
        ] {
            invalid.append(entry("k", ["sha256": sha]))
        }
        for entry in invalid {
            #expect(throws: APIKeys.BrokenScopes.self, "\(entry)") { try keys([entry]) }
            #expect(throws: APIKeys.BrokenScopes.self) { try keys([CoreTests.entry("good"), entry]) }
        }
        for text in ["", "{}", "null", "[", "[]]", #"[{"id":"a","id":"a"}]"#, "\u{FEFF}[]"] {
            #expect(throws: APIKeys.BrokenScopes.self) { try APIKeys([]).with(scopes: Array(text.utf8)) }
        }
    }

    @Test func `API_KEYS is optional if there is a file of scopes, and an invalid file is a fault`()
        throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("scopes")
        func read(_ values: [String: String]) -> (keys: APIKeys?, faults: [String]) {
            var settings = Settings { values[$0] }
            let keys = settings.apiKeys(scopesFile: values["API_KEY_SCOPES_FILE"])
            return (keys, settings.faults)
        }
        try directory.write("scopes", jsonText([entry("k")]))
        let alone = read(["API_KEY_SCOPES_FILE": path])
        #expect(alone.faults.isEmpty && alone.keys?.access("k") != nil)
        #expect(read(["API_KEY_SCOPES_FILE": path, "API_KEYS": "a"]).keys?.access("a") != nil)
        try directory.write("scopes", "[1]")
        let reason = "entry 0 needs id, sha256 (64 hex digits), prefixes and endpoints"
        #expect(read(["API_KEY_SCOPES_FILE": path, "API_KEYS": "a"]).faults == ["API_KEY_SCOPES_FILE: \(reason)"])
        let missing = read(["API_KEY_SCOPES_FILE": "/nonexistent"]).faults
        #expect(missing == ["API_KEY_SCOPES_FILE: cannot be read: No such file or directory"])
    }

    @Test func `No description shows a key or its digest`() throws {
        let keys = try keys([entry("scoped-key")])
        var dumped = ""
        dump(keys, to: &dumped)
        dump(try #require(keys.access("scoped-key")), to: &dumped)
        let digest = SHA256.digest(Array("scoped-key".utf8))
        for shown in ["\(keys)", String(reflecting: keys), "\([keys])", dumped] {
            #expect(
                !shown.contains("scoped-key") && !shown.contains(hex(digest))
                    && !shown.contains("\(digest[0]), \(digest[1])"))
        }
    }
}
