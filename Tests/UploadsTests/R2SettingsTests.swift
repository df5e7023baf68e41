import Core
import Encoding
import Foundation
import R2
import TestSupport
import Testing

@testable import Uploads

private let complete = [
    "R2_ENDPOINT_URL": "https://account.r2.cloudflarestorage.com", "R2_ACCESS_KEY_ID": "AKID",
    "R2_SECRET_ACCESS_KEY": "s3cretNeverShown", "R2_BUCKET_NAME": "pictures",
    "R2_PUBLIC_BASE": "https://r0.image2url.com/",
]

private func faults(_ changes: [String: String?]) -> [String] {
    var environment = complete
    for (name, value) in changes { environment[name] = value }
    var settings = Settings { environment[$0] }
    let bucket = settings.bucket()
    #expect((bucket == nil) == !settings.faults.isEmpty)
    _ = settings.uploadRules()
    return settings.faults
}

@Suite struct R2SettingsTests {
    @Test func `Complete settings make a bucket`() throws {
        var settings = Settings { complete[$0] }
        let result = settings.bucket()
        let bucket = try #require(result)
        #expect(bucket.host == "account.r2.cloudflarestorage.com")
        #expect(text(bucket.path(of: try AllowedPrefixes.all.key("a b"))) == "/pictures/a%20b")
        #expect(bucket.publicURL(of: try AllowedPrefixes.all.key("a b")) == "https://r0.image2url.com/a%20b")
    }

    @Test func `All missing settings are reported at once`() {
        let names = complete.keys.sorted()
        #expect(
            faults(Dictionary(uniqueKeysWithValues: names.map { ($0, nil) })).sorted()
                == names.map { "\($0): is missing" })
    }

    @Test func `An invalid value is one fault of its setting, and no fault shows the secret`() {
        let cases: [(String, String)] = [
            ("R2_ENDPOINT_URL", "https://account.r2.cloudflarestorage.com/pictures"),
            ("R2_ENDPOINT_URL", "https://pictures.account.r2.cloudflarestorage.com"),
            ("R2_ENDPOINT_URL", "http://account.r2.cloudflarestorage.com"),
            ("R2_BUCKET_NAME", "Pictures"), ("R2_BUCKET_NAME", "ab"), ("R2_BUCKET_NAME", "a/b"),
            ("R2_BUCKET_NAME", String(repeating: "a", count: 64)), ("R2_ACCESS_KEY_ID", "A K"),
            ("R2_SECRET_ACCESS_KEY", "s3cretNeverShown é"), ("R2_PUBLIC_BASE", "r0.image2url.com"),
            ("R2_PUBLIC_BASE", "https://"), ("R2_PUBLIC_BASE", "https:///x"), ("R2_PUBLIC_BASE", "https://h?x"),
            ("R2_PUBLIC_BASE", "https://h#x"), ("R2_PUBLIC_BASE", "https://h h"), ("R2_PUBLIC_BASE", "ftp://h"),
            ("R2_ALLOWED_PREFIXES", ","), ("R2_ALLOWED_PREFIXES", " , "), ("R2_ALLOWED_TYPES", "jpeg"),
            ("R2_ALLOWED_TYPES", "image /png"), ("R2_ALLOWED_TYPES", "image/"), ("R2_ALLOWED_TYPES", "a/b/c"),
            ("R2_REQUIRE_TYPE", "yes"), ("MAX_UPLOAD_BYTES", "0"),
        ]
        for (name, value) in cases {
            let found = faults([name: value])
            #expect(found.count == 1 && found[0].hasPrefix("\(name): "), "\(name)=\(value): \(found)")
            #expect(!found.joined().contains("NeverShown"))
        }
    }

    @Test func `The default prefix is users/, and an empty one allows every key`() throws {
        for (value, allowed) in [(nil, false), ("", true), ("other", true), ("users/, other/", true)]
            as [(String?, Bool)]
        {
            var settings = Settings { $0 == "R2_ALLOWED_PREFIXES" ? value : nil }
            let rules = settings.uploadRules()
            #expect(((try? rules.prefixes.key("other/a.jpg")) != nil) == allowed)
        }
    }

    @Test func `Six image types are allowed by default, but neither HTML nor SVG`() {
        var settings = Settings { _ in nil }
        let rules = settings.uploadRules()
        #expect(rules.types.count == 6)
        #expect(!rules.types.contains { $0.contains("html") || $0.contains("svg") })
        #expect(rules.maxBytes == 5_368_709_120)
        #expect(!rules.requiresType)
    }

    @Test func `Allowed types are normalized`() {
        var settings = Settings { $0 == "R2_ALLOWED_TYPES" ? "image/JPG, image/heif,text/plain; charset=utf-8" : nil }
        let rules = settings.uploadRules()
        #expect(rules.types == ["image/jpeg", "image/heic", "text/plain"])
        #expect(settings.faults.isEmpty)
    }
}

@Suite struct UploadTests {
    private let rules = UploadRules(
        prefixes: AllowedPrefixes(["users/"]), types: ["image/jpeg", "image/png"], requiresType: false, maxBytes: 100)

    private func upload(_ body: String, _ rules: UploadRules? = nil) throws(Fault) -> Upload? {
        let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
        let upload = try? Upload(fields, rules ?? self.rules)
        try fields.check()
        return upload
    }

    @Test func `An upload with a path only expires in an hour and has no headers`() throws {
        let upload = try #require(try upload(#"{"r2_path": "users/e\u0301.jpg"}"#))
        #expect(upload.key.text.utf8.elementsEqual("users/é.jpg".utf8), "the key is in NFC")
        #expect(upload.expiresIn == 3600)
        #expect(upload.headers.isEmpty && upload.signedHeaders.isEmpty)
    }

    @Test func `The returned headers are signed, as is the length, which the browser adds`()
        throws
    {
        let body =
            #"{"r2_path": "users/a", "expires_in": "60", "content_type": "image/png", "content_length": 100, "#
            + #""if_none_match": "*"}"#
        let upload = try #require(try upload(body))
        #expect(upload.expiresIn == 60)
        #expect(
            upload.headers.lines.map { "\($0.name): \($0.value)" } == ["content-type: image/png", "if-none-match: *"])
        #expect(upload.signedHeaders.lines.map(\.name) == ["content-type", "if-none-match", "content-length"])
        #expect(upload.signedHeaders.lines.last?.value == "100")
    }

    @Test func `Every invalid field is reported, in the documented order`() {
        let body = """
            {"if_none_match": "x", "content_length": 101, "content_type": "text/html", "expires_in": 604801,
             "r2_path": "a/../b"}
            """
        let fault = #expect(throws: Fault.self) { try upload(body) }
        #expect(
            fault?.errors == [
                FieldFault(field: "r2_path", reason: "Invalid path: contains a . or .. segment"),
                FieldFault(field: "expires_in", reason: "Must be between 1 and 604800"),
                FieldFault(field: "content_type", reason: "Must be one of image/jpeg, image/png"),
                FieldFault(field: "content_length", reason: "Must be between 1 and 100"),
                FieldFault(field: "if_none_match", reason: "Must be one of *"),
            ])
    }

    @Test func `A path is required and must not be empty, and a type is required by the rules`() {
        let strict = UploadRules(prefixes: .all, types: ["image/png"], requiresType: true, maxBytes: 1)
        let none = #expect(throws: Fault.self) { try upload("{}", strict) }
        #expect(none?.errors.map(\.field) == ["r2_path", "content_type"])
        #expect(none?.errors.map(\.reason) == ["Field required", "Field required"])
        let empty = #expect(throws: Fault.self) { try upload(#"{"r2_path": ""}"#) }
        #expect(empty?.errors == [FieldFault(field: "r2_path", reason: "Must not be empty")])
    }

    @Test func `A key outside the allowed prefixes is denied only if there are no other faults`() throws {
        let other = #expect(throws: Fault.self) { try upload(#"{"r2_path": "other/a"}"#) }
        #expect(other?.code == .pathNotAllowed)
        let both = #expect(throws: Fault.self) { try upload(#"{"r2_path": "other/a", "expires_in": 0}"#) }
        #expect(both?.code == .validationFailed && both?.errors.map(\.field) == ["expires_in"])
    }

    @Test func `An upload is at most as large as R2's largest object, whatever MAX_UPLOAD_BYTES permits`() throws {
        for (size, isValid) in [(PartPlan.maxBytes, true), (PartPlan.maxBytes + 1, false)] {
            let fields = try Fields(body: Array(#"{"size": \#(size)}"#.utf8), caller: .unlimited)
            #expect(fields.uploadSize(maxBytes: 5 << 40) == (isValid ? size : nil))
        }
    }

    @Test func `A duplicate path is a fault, whether allowed or not`() throws {
        for path in ["users/a", "other/a", "users/\u{e9}"] {
            let decomposed = path.decomposedStringWithCanonicalMapping
            let body = #"{"a": {"r2_path": "\#(path)"}, "b": {"r2_path": "\#(decomposed)"}}"#
            let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
            let paths = DistinctPaths()
            for name in ["a", "b"] as [StaticString] {
                _ = fields.object(name) { inner throws(InvalidFields) in try Upload(inner, rules, among: paths) }
            }
            let error = #expect(throws: Fault.self) { try fields.check() }
            #expect(error?.errors == [FieldFault(field: "b.r2_path", reason: "Invalid path: duplicate")])
        }
    }

    @Test(arguments: ["image/jpg", "image/pjpeg", "IMAGE/JPEG", "image/jpeg; x=y"])
    func `A type is signed in the spelling with which it is stored`(_ type: String) throws {
        let upload = try #require(try upload("{\"r2_path\": \"users/a\", \"content_type\": \"\(type)\"}"))
        #expect(upload.headers.lines.map { "\($0.name): \($0.value)" } == ["content-type: image/jpeg"])
    }

    @Test func `An upload ID may contain anything except control characters`() throws {
        func id(_ text: String) throws -> String? {
            let fields = try Fields(body: Array("{\"upload_id\": \"\(text)\"}".utf8), caller: .unlimited)
            return fields.uploadID()
        }
        for text in ["a", "a b+/=", "é", "<&>", String(repeating: "x", count: 2048)] { #expect(try id(text) == text) }
        for text in ["", "a\\n", "\u{7F}", "\u{85}", "\\u0000", String(repeating: "x", count: 2049)] {
            #expect(try id(text) == nil, "\(text.debugDescription)")
        }
    }
}
