import Foundation
import R2
import SigV4
import TestSupport
import Testing

@testable import HTTPClient
@testable import R2Storage

private func storage(_ server: ScriptedServer) -> Storage {
    Storage(
        HTTPClient(HTTPClient.Options(maxTransfers: 8, allowsHTTP2: false, authoritiesFile: nil)),
        Bucket(
            endpoint: server.url, host: "127.0.0.1:\(server.port)", name: "bucket",
            credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "s3cretNeverShown"),
            publicBase: "https://pictures.example"))
}

private func response(_ status: String, _ body: String = "", etag: String? = nil) -> ScriptedServer.Step {
    let line = etag.map { "ETag: \($0)\r\n" } ?? ""
    return .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(line)\r\n\(body)")
}

@Suite(.timeLimit(.minutes(1)))
struct StorageTests {
    @Test func `An upload is signed and has the encoded key, type and length, but no header that R2 rejects`()
        async throws
    {
        let server = try ScriptedServer([.receive, response("200 OK", etag: "\"5d41402abc4b2a76b9719d911017c592\"")])
        try await storage(server).putOnce(
            try AllowedPrefixes.all.key("users/é a.jpg"), .bytes(Array("hello".utf8)), contentType: "image/jpeg",
            timeout: .seconds(10), attempt: 1)
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("PUT /bucket/users/%C3%A9%20a.jpg HTTP/1.1\r\n"))
        let lines = request.lowercased().components(separatedBy: "\r\n")
        for line in [
            "host: 127.0.0.1:\(server.port)", "content-type: image/jpeg", "content-length: 5",
            "x-amz-content-sha256: unsigned-payload",
        ] { #expect(lines.filter { $0 == line }.count == 1, "\(line)") }
        #expect(request.contains("SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature="))
        #expect(request.hasSuffix("\r\n\r\nhello"))
        for name in ["expect", "transfer-encoding", "x-amz-checksum", "x-amz-sdk", "x-amz-acl"] {
            #expect(!lines.contains { $0.hasPrefix(name) }, "\(name)")
        }
        #expect(!request.contains("NeverShown"))
    }

    @Test func `An object exists on 200 and does not on 404, and any other status is an error`() async throws {
        let key = try AllowedPrefixes.all.key("users/a")
        let existing = try ScriptedServer([
            .receive, .send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\nETag: \"ab\"\r\n\r\n"),
        ])
        #expect(try await storage(existing).objectExistsOnce(key, timeout: .seconds(10), attempt: 1))
        #expect(existing.requests.first?.hasPrefix("HEAD /bucket/users/a HTTP/1.1\r\n") == true)
        let absent = try ScriptedServer([.receive, response("404 Not Found")])
        #expect(try await !storage(absent).objectExistsOnce(key, timeout: .seconds(10), attempt: 1))
        let denied = try ScriptedServer([.receive, response("403 Forbidden")])
        await #expect(throws: StorageError.refused(403, code: nil)) {
            try await storage(denied).objectExistsOnce(key, timeout: .seconds(10), attempt: 1)
        }
    }

    @Test func `Only a 200 with an ETag confirms that an object is stored`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        let others = [
            response("200 OK"), response("200 OK", "<html></html>"), response("200 OK", etag: ""),
            response("200 OK", etag: "\"\""), response("201 Created", etag: "ab"), response("202 Accepted", etag: "ab"),
            response("203 Transformed", etag: "ab"), response("204 No Content", etag: "ab"),
        ]
        for other in others {
            let server = try ScriptedServer([.receive, other])
            await #expect(throws: StorageError.unusable, "\(other)") {
                try await storage(server).putOnce(
                    key, .bytes([]), contentType: "image/png", timeout: .seconds(10), attempt: 1)
            }
            #expect(server.requests.count == 1)
        }
        for (status, etag) in [("200 OK", ""), ("203 Transformed", "ETag: ab\r\n"), ("204 No Content", "ETag: ab\r\n")]
        {
            let head = ScriptedServer.Step.send("HTTP/1.1 \(status)\r\nContent-Length: 1\r\n\(etag)\r\n")
            let server = try ScriptedServer([.receive, head])
            await #expect(throws: StorageError.unusable, "\(status)") {
                try await storage(server).objectExistsOnce(key, timeout: .seconds(10), attempt: 1)
            }
            await #expect(throws: StorageError.unusable, "\(status)") { try await storage(server).headObject(key) }
            #expect(server.requests.count == 2)
        }
    }

    @Test func `A rejection has R2's code and is not retried by put`() async throws {
        let server = try ScriptedServer([
            .receive, response("503 Slow Down", "<Error><Code>ServiceUnavailable</Code></Error>"), .receive,
            response("200 OK"),
        ])
        await #expect(throws: StorageError.refused(503, code: "ServiceUnavailable")) {
            try await storage(server).putOnce(
                try AllowedPrefixes.all.key("a"), .bytes([]), contentType: "image/png", timeout: .seconds(10),
                attempt: 1)
        }
        #expect(server.requests.count == 1)
    }

    @Test func `Silence is a timeout`() async throws {
        let server = try ScriptedServer([.stall])
        await #expect(throws: StorageError.timeout) {
            try await storage(server).objectExistsOnce(
                try AllowedPrefixes.all.key("a"), timeout: .milliseconds(200), attempt: 1)
        }
    }

    private static func page(
        _ parts: String, truncated: String = "<IsTruncated>false</IsTruncated>", root: String = "ListPartsResult"
    ) -> String {
        "<\(root)>\(truncated)\(parts)</\(root)>"
    }

    private static func part(_ number: String, _ size: String, etag: String = "ab") -> String {
        "<Part><PartNumber>\(number)</PartNumber><Size>\(size)</Size><ETag>&quot;\(etag)&quot;</ETag></Part>"
    }

    private func parts(_ pages: String...) async throws(StorageError) -> [StoredPart]? {
        let steps = pages.flatMap { [ScriptedServer.Step.receive, response("200 OK", $0)] }
        let server = try! ScriptedServer(scripts: [steps])
        return try await storage(server).parts(try! AllowedPrefixes.all.key("a"), upload: "x")
    }

    @Test func `A list of parts that is impossible or incomplete is unusable`() async throws {
        let page = Self.page(Self.part("10000", "5363340410") + Self.part("1", "0"))
        let parts = try #require(try await self.parts(page))
        #expect(parts.map(\.number) == [1, 10_000] && parts.map(\.size) == [0, 5_363_340_410])
        let max = "9223372036854775807"
        let elements = [
            Self.part("0", "1"), Self.part("10001", "1"), Self.part("30000000", "1"), Self.part("-1", "1"),
            Self.part(max, "1"), Self.part("1", max), Self.part("1", "-1"), Self.part("1", "5363340411"),
            Self.part("1", "x"), Self.part("1", ""), Self.part("1", "99999999999999999999"),
            Self.part("1", "1") + Self.part("1", "2"), Self.part("1", max) + Self.part("2", max),
            Self.part("1", "1", etag: ""), Self.part("1", "1", etag: "a&lt;b"), Self.part("1", "1", etag: "a b"),
            Self.part("1", "1", etag: String(repeating: "a", count: 129)),
            "<Part><PartNumber>1</PartNumber><Size>1</Size></Part>", "<Part/>",
        ]
        for element in elements {
            await #expect(throws: StorageError.unusable, "\(element)") { try await self.parts(Self.page(element)) }
        }
        let one = Self.part("1", "1")
        for truncated in [
            "", "<IsTruncated/>", "<IsTruncated>yes</IsTruncated>", "<IsTruncated>true</IsTruncated>",
            "<IsTruncated>true</IsTruncated><NextPartNumberMarker>0</NextPartNumberMarker>",
            "<IsTruncated>true</IsTruncated><NextPartNumberMarker>10001</NextPartNumberMarker>",
            "<IsTruncated>true</IsTruncated><NextPartNumberMarker>\(max)</NextPartNumberMarker>",
        ] {
            await #expect(throws: StorageError.unusable, "\(truncated)") {
                try await self.parts(Self.page(one, truncated: truncated))
            }
        }
        await #expect(throws: StorageError.unusable) { try await self.parts(Self.page(one, root: "Other")) }
        let next = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>"
        await #expect(throws: StorageError.unusable) {
            try await self.parts(Self.page(one, truncated: next), Self.page(one))
        }
    }

    /// Pages with these parts, all of which are marked as truncated.
    private func steps(_ pages: [(parts: [Int], next: Int)]) -> [ScriptedServer.Step] {
        pages.flatMap { page in
            let parts = page.parts.map { Self.part(String($0), "1") }.joined()
            let next = "<IsTruncated>true</IsTruncated><NextPartNumberMarker>\(page.next)</NextPartNumberMarker>"
            return [ScriptedServer.Step.receive, response("200 OK", Self.page(parts, truncated: next))]
        }
    }

    @Test func `Pages that repeat parts or exceed the maximum number end the list`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        let tooMany = (1...10_001).map { _ in 2 }
        for (pages, count) in [
            ([([1, 2], 2), ([2, 3], 3), ([4], 4)], 2), ([([1, 2], 2), ([1], 3), ([4], 4)], 2),
            ([(tooMany, 2), ([3], 3)], 1), ([(tooMany.dropLast(), 1), ([3], 3), ([4], 4)], 2),
        ] as [([(parts: [Int], next: Int)], Int)] {
            let server = try ScriptedServer(scripts: [steps(pages)])
            await #expect(throws: StorageError.unusable) { try await storage(server).parts(key, upload: "x") }
            #expect(server.requests.count == count)
        }
    }

    @Test func `A list of more than a hundred pages is unusable`() async throws {
        let server = try ScriptedServer(scripts: [steps((1...101).map { ([$0], $0) })])
        await #expect(throws: StorageError.unusable) {
            try await storage(server).parts(try AllowedPrefixes.all.key("a"), upload: "x")
        }
        #expect(server.requests.count == 100)
    }

    @Test func `An Error element in a 200 without a valid code is unusable`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        for text in [
            "<Error/>", "<Error>", "<Error><Code></Code></Error>", "<Error><Code>a b</Code></Error>",
            "<Error><Message>m</Message></Error>",
        ] {
            let server = try ScriptedServer([.receive, response("200 OK", text)])
            await #expect(throws: StorageError.unusable, "\(text)") {
                try await storage(server).completeUpload(key, upload: "x", [])
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test func `An Error element in a 200 is retried if its code is transient`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        let transient = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>"
        let done = "<CompleteMultipartUploadResult><ETag>\"ab-1\"</ETag></CompleteMultipartUploadResult>"
        let part = StoredPart(number: 1, size: 1, etag: "ab")
        let server = try ScriptedServer([.receive, response("200 OK", transient), .receive, response("200 OK", done)])
        #expect(try await storage(server).completeUpload(key, upload: "x", [part]) == "ab-1")
        #expect(server.requests.count == 2)
        let denied = try ScriptedServer([.receive, response("200 OK", "<Error><Code>AccessDenied</Code></Error>")])
        await #expect(throws: StorageError.refused(200, code: "AccessDenied")) {
            try await storage(denied).completeUpload(key, upload: "x", [part])
        }
        #expect(denied.requests.count == 1)
        let other = try ScriptedServer([.receive, response("200 OK", "<Error><Code>NoSuchUpload</Code></Error>")])
        #expect(try await storage(other).parts(key, upload: "x") == nil)
    }

    @Test func `Only an upload ID that a caller can send back is accepted`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        func create(_ id: String) async throws(StorageError) -> String {
            let text = "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId></InitiateMultipartUploadResult>"
            let server = try! ScriptedServer([.receive, response("200 OK", text)])
            return try await storage(server).createUpload(key, contentType: nil)
        }
        for id in ["a", "a b+/=", "é", String(repeating: "x", count: 2048)] { #expect(try await create(id) == id) }
        for id in ["", "a&#10;b", "\u{7F}", String(repeating: "x", count: 2049)] {
            await #expect(throws: StorageError.unusable) { try await create(id) }
        }
    }

    @Test func `Only NoSuchUpload and NoSuchKey count as already aborted`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        func abort(_ status: String, _ code: String?) async throws(StorageError) {
            let body = code.map { "<Error><Code>\($0)</Code></Error>" } ?? ""
            let server = try! ScriptedServer([.receive, response(status, body)])
            try await storage(server).abortUpload(key, upload: "x")
        }
        try await abort("204 No Content", nil)
        try await abort("404 Not Found", "NoSuchUpload")
        try await abort("400 Bad Request", "NoSuchUpload")
        try await abort("404 Not Found", "NoSuchKey")
        let page = try ScriptedServer([.receive, response("200 OK", "<html></html>")])
        await #expect(throws: StorageError.unusable) { try await storage(page).abortUpload(key, upload: "x") }
        for code in ["NoSuchBucket", "AccessDenied", nil] {
            await #expect(throws: StorageError.self, "\(code ?? "none")") { try await abort("404 Not Found", code) }
        }
    }

    @Test func `Calls that share a limit end by then, and none begins afterwards`() async throws {
        let key = try AllowedPrefixes.all.key("a")
        let server = try ScriptedServer([.receive, response("503 Busy")], [.receive, .stall])
        let limited = storage(server).limited(to: .seconds(9))
        let start = ContinuousClock.now
        await #expect(throws: StorageError.timeout) { try await limited.abortUpload(key, upload: "x") }
        await #expect(throws: StorageError.timeout) { try await limited.headObject(key) }
        #expect(ContinuousClock.now - start < .seconds(40))
        #expect(server.requests.count == 2)
    }
}
