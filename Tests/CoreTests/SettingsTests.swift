import Core
import Encoding
import Foundation
import TestSupport
import Testing

private func reading<Value>(
    _ environment: [String: String], _ read: (inout Settings) -> Value
) -> (value: Value, faults: [String]) {
    var settings = Settings { environment[$0] }
    let value = read(&settings)
    return (value, settings.faults)
}

@Suite struct SettingsTests {
    @Test func `An empty value counts as missing`() {
        let (values, faults) = reading(["A": "", "L": ""]) {
            [$0.optional("A", "x"), $0.required("A", "x"), $0.optional("L", "x")]
        }
        #expect(values == [nil, nil, nil])
        #expect(faults == ["A: is missing"])
        let (lists, _) = reading(["L": ""]) { [$0.list("L", default: ["d"], "x"), $0.list("M", default: ["d"], "x")] }
        #expect(lists == [["d"], ["d"]])
    }

    @Test func `Whole numbers are limited to their range and have a default`() {
        let (valid, faults) = reading(["A": "7"]) {
            [$0.integer("A", default: 1, in: 1...9, "x"), $0.integer("B", default: 3, in: 1...9, "x")]
        }
        #expect(valid == [7, 3])
        #expect(faults.isEmpty)
        for text in ["0", "10", "1.5", "x", " 1", "99999999999999999999"] {
            let (value, faults) = reading(["A": text]) { $0.integer("A", default: 3, in: 1...9, "x") }
            #expect(value == 3)
            #expect(faults == ["A: must be a whole number between 1 and 9"], "\(text)")
        }
    }

    @Test func `Booleans are spelled true or false only`() {
        let (valid, faults) = reading(["T": "true", "F": "false"]) { settings in
            ["T", "F", "NONE"].map { settings.bool($0, default: $0 == "NONE", "x") }
        }
        #expect(valid == [true, false, true])
        #expect(faults.isEmpty)
        for text in ["1", "True", "yes", " true"] {
            let (_, faults) = reading(["X": text]) { $0.bool("X", default: false, "x") }
            #expect(faults == ["X: must be true or false"], "\(text)")
        }
    }

    @Test func `The elements of a list are trimmed and empty ones dropped`() {
        #expect(reading(["L": " a , b,, c d ,"]) { $0.list("L", default: [], "x") }.value == ["a", "b", "c d"])
    }

    @Test func `A secret can be read from a file, without its trailing newline`() throws {
        let directory = try TemporaryDirectory()
        for contents in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            try directory.write("secret", contents)
            let (value, faults) = reading(["K_FILE": directory.file("secret")]) { $0.secret("K", "x") }
            #expect(value == "s3cret")
            #expect(faults.isEmpty)
        }
        #expect(reading(["K": "s3cret"]) { $0.secret("K", "x") }.value == "s3cret")
    }

    @Test func `A secret that is missing, set twice or unreadable is a fault that does not show it`()
        throws
    {
        let directory = try TemporaryDirectory()
        try directory.write("full", "s3cret")
        try directory.write("blank", "\n")
        let cases = [
            [:]: "K: is missing",
            ["K": "s3cret", "K_FILE": directory.file("full")]: "K: must not be set together with K_FILE",
            ["K_FILE": "/nonexistent/file"]: "K_FILE: cannot be read: No such file or directory",
            ["K_FILE": directory.file("blank")]: "K_FILE: is empty",
            ["K_FILE": "/"]: "K_FILE: cannot be read: Is a directory",
        ]
        for (environment, fault) in cases {
            #expect(reading(environment) { $0.secret("K", "x") }.faults == [fault])
        }
    }

    @Test(arguments: [
        ("https://account.r2.cloudflarestorage.com", "https://account.r2.cloudflarestorage.com"),
        ("HTTPS://Api-Seller.Ozon.RU/", "https://api-seller.ozon.ru"), ("https://h:443", "https://h"),
        ("https://h:8443", "https://h:8443"), ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://127.1.2.3", "http://127.1.2.3"), ("http://localhost:80", "http://localhost"),
        ("http://[::1]:9000", "http://[::1]:9000"), ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ])
    func `An origin is https, or http on loopback, and is normalized`(
        _ text: String, _ url: String
    ) throws {
        let origin = try Origin(text)
        #expect(origin.url == url)
        #expect(url.hasSuffix("//\(origin.host)"))
    }

    @Test(arguments: [
        "", "account.r2.cloudflarestorage.com", "ftp://h", "https:/h", "https://", "https:///", "https://h/bucket",
        "https://h//", "https://h?x", "https://h#x", "https://user@h", "https://h:0", "https://h:65536",
        "https://h:x", "https://h:", "https://:443", "https://h h", "https://hé", "https://[::1", "https://[abc",
        "https://[]", "https://https://h", "http://h", "http://127.0.0.1.evil.example", "http://127.evil.example",
        "http://localhost.evil.example",
        "http://128.0.0.1", "http://127.0.0.256", "https://h\r\nX: y", " https://h",
    ])
    func `An invalid origin is rejected`(_ text: String) {
        #expect(throws: Origin.Invalid.self) { try Origin(text) }
    }
}

@Suite struct APIKeysTests {
    private let keys = APIKeys(["first-key", "second-key"])

    @Test func `Each of the keys is accepted`() {
        #expect(keys.access(forHeaderValues: [Array("first-key".utf8)]) != nil)
        #expect(keys.access(forHeaderValues: [Array("second-key".utf8)]) != nil)
    }

    @Test(arguments: [
        [], [""], ["first-ke"], ["first-key "], ["First-key"], ["first-key,second-key"],
        ["first-key", "first-key"],
    ])
    func `A missing, unknown, partial or repeated key is rejected`(_ values: [String]) {
        #expect(keys.access(forHeaderValues: values.map { Array($0.utf8) }) == nil)
        #expect(APIKeys([]).access(forHeaderValues: values.map { Array($0.utf8) }) == nil)
    }

    @Test func `API_KEYS holds one or more comma-separated keys in printable ASCII`() {
        let (valid, faults) = reading(["API_KEYS": "a, b"]) { $0.apiKeys(scopesFile: nil) }
        #expect(valid?.access(forHeaderValues: [Array("b".utf8)]) != nil)
        #expect(faults.isEmpty)
        #expect(reading(["API_KEYS": " , "]) { $0.apiKeys(scopesFile: nil) }.faults == ["API_KEYS: is missing"])
        let invalid = reading(["API_KEYS": "valid,sécret"]) { $0.apiKeys(scopesFile: nil) }
        #expect(invalid.faults == ["API_KEYS: must be printable ASCII without spaces"])
    }

    @Test func `No description shows a key`() {
        var dumped = ""
        dump(keys, to: &dumped)
        for shown in ["\(keys)", String(reflecting: keys), "\([keys])", dumped] {
            #expect(!shown.contains("first-key") && !shown.contains("102"), "\(shown)")
        }
    }

    @Test func `A file of certificate authorities that cannot be read is a fault`() {
        let (value, faults) = reading(["SSL_CERT_FILE": "/nonexistent/ca.pem"]) { $0.certificateAuthoritiesFile() }
        #expect(value == "/nonexistent/ca.pem")
        #expect(faults == ["SSL_CERT_FILE: cannot be read: No such file or directory"])
        #expect(reading([:]) { $0.certificateAuthoritiesFile() }.faults.isEmpty)
    }
}
