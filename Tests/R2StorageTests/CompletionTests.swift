import Core
import Encoding
import Foundation
import HTTPClient
import R2
import SigV4
import TestSupport
import Testing

@testable import R2Storage
@testable import Telemetry

private let client = HTTPClient(HTTPClient.Options(maxTransfers: 16, allowsHTTP2: false, authoritiesFile: nil))
private let partSize = 5 << 20
private let digest = "d41d8cd98f00b204e9800998ecf8427e"

/// R2's list of the parts of an upload with one part.
private func list(size: Int) -> String {
    "<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber>"
        + "<ETag>\(digest)</ETag><Size>\(size)</Size></Part></ListPartsResult>"
}

private func success(_ body: String) -> [ScriptedServer.Step] {
    [.receive, .send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")]
}

private func storage(_ port: UInt16) -> Storage {
    let bucket = Bucket(
        endpoint: "http://127.0.0.1:\(port)", host: "127.0.0.1:\(port)", name: "images",
        credentials: Credentials(accessKeyID: "id", secretAccessKey: "secret"), publicBase: "https://pictures.example")
    return Storage(client, bucket)
}

private func claimed(_ json: String) throws -> [ClaimedPart]? {
    try Fields(body: Array("{\"parts\":\(json)}".utf8), caller: .unlimited).objects(
        "parts", limit: 10, ClaimedPart.init)
}

private typealias Part = (number: Int, size: Int)

/// The faults of completing these parts, or "completed" if R2 received the request to complete the upload.
private func faults(_ parts: [Part], size: Int? = nil, claimed json: String? = nil) async throws -> [String] {
    let elements = parts.map {
        "<Part><PartNumber>\($0.number)</PartNumber><ETag>&quot;\(digest)&quot;</ETag><Size>\($0.size)</Size></Part>"
    }
    let xml = "<ListPartsResult><IsTruncated>false</IsTruncated>\(elements.joined())</ListPartsResult>"
    let completed = "HTTP/1.1 418 Completed\r\nContent-Length: 0\r\n\r\n"
    let server = try ScriptedServer(success(xml) + [.receive, .send(completed)])
    let completion = Completion(
        storage: storage(server.port), key: try AllowedPrefixes.all.key("users/a"), uploadID: "x")
    do {
        _ = try await completion.run(size: size, claimed: try json.flatMap(claimed))
        return []
    } catch {
        let fault = Fault(error)
        if fault.code == .storageRefused, fault.detail == "HTTP 418" { return ["completed"] }
        #expect(fault.code == .validationFailed)
        return fault.errors.map { "\($0.field): \($0.reason)" }
    }
}

@Suite struct CompletionTests {
    @Test func `Consecutive parts of equal size with a last one no larger are completed`() async throws {
        for parts: [Part] in [
            [(1, 1)], [(1, 1 << 30)], [(1, partSize), (2, 1)], [(1, partSize), (2, partSize)],
            [(2, partSize), (1, partSize), (3, 7)],
        ] {
            let sum = parts.reduce(0) { $0 + $1.size }
            #expect(try await faults(parts) == ["completed"])
            #expect(try await faults(parts, size: sum) == ["completed"])
            #expect(try await faults(parts, size: sum + 1) == ["size: The parts have \(sum) bytes"])
        }
    }

    @Test func `Missing parts are reported`() async throws {
        #expect(try await faults([]) == ["parts: No part was uploaded"])
        #expect(try await faults([(2, 1)]) == ["parts: Part 1 is missing"])
        let gaps: [Part] = [(2, partSize), (3, partSize), (6, 1)]
        #expect(try await faults(gaps) == [1, 4, 5].map { "parts: Part \($0) is missing" })
    }

    @Test func `Parts that are uneven or too small and a last part that is larger are reported`() async throws {
        let small = [(1, partSize - 1), (2, partSize - 1), (3, 1)]
        #expect(
            try await faults(small) == [1, 2].map { "parts: Part \($0) has 5242879 bytes, fewer than 5242880" })
        let uneven = [(1, partSize), (2, partSize + 1), (3, partSize - 1), (4, 1)]
        #expect(
            try await faults(uneven) == [
                "parts: Part 2 has 5242881 bytes, part 1 has 5242880",
                "parts: Part 3 has 5242879 bytes, part 1 has 5242880",
            ])
        #expect(
            try await faults([(1, partSize), (2, partSize + 1)]) == [
                "parts: The last part has 5242881 bytes, more than the others' 5242880"
            ])
    }

    @Test func `The caller's list of parts is compared with the stored parts`() async throws {
        let parts = [(1, partSize), (2, 1)]
        func claim(_ number: Int, _ etag: String = digest) -> String {
            "{\"part_number\": \(number), \"etag\": \"\(etag)\"}"
        }
        #expect(try await faults(parts, claimed: "[\(claim(2)), \(claim(1))]") == ["completed"])
        #expect(
            try await faults(parts, claimed: "[\(claim(1)), \(claim(1))]") == [
                "parts[1].part_number: Must not be repeated"
            ])
        #expect(try await faults(parts, claimed: "[\(claim(3))]") == ["parts[0].part_number: Part 3 was not uploaded"])
        #expect(try await faults(parts, claimed: "[\(claim(2))]") == ["parts: Part 1 is missing"])
        let other = String(digest.reversed())
        #expect(
            try await faults(parts, claimed: "[\(claim(1, other)), \(claim(2))]") == [
                "parts[0].etag: Differs from the stored part's"
            ])
        #expect(try await faults(parts, claimed: "[\(claim(1))]") == ["completed"], "with the first part only")
    }

    @Test func `A completed object is confirmed only by the ETag that follows from its parts`() async throws {
        let own = "59adb24ef3cdbe0297f05b395827453f-1"  // of one empty part
        let other = String(own.dropLast(2).reversed()) + "-1"
        for (completed, stored, isConfirmed) in [(own, own, true), (other, other, false), (own, other, false)] {
            let done = "<CompleteMultipartUploadResult><ETag>\(completed)</ETag></CompleteMultipartUploadResult>"
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"\(stored)\"\r\n\r\n"
            let server = try ScriptedServer(success(list(size: 0)) + success(done) + [.receive, .send(head)])
            let completion = Completion(
                storage: storage(server.port), key: try AllowedPrefixes.all.key("users/a"), uploadID: "x")
            if isConfirmed {
                #expect(try await completion.run(size: 0, claimed: nil).etag == own)
            } else {
                let fault = await #expect(throws: Fault.self) { try await completion.run(size: 0, claimed: nil) }
                #expect(fault?.code == .storageRefused)
            }
        }
    }

    @Test func `An object missing after R2 has completed the upload is a storage fault`() async throws {
        let done = "<CompleteMultipartUploadResult><ETag>ab-1</ETag></CompleteMultipartUploadResult>"
        let gone = "<Error><Code>NoSuchUpload</Code></Error>"
        for (response, code) in [(done, .storageRefused), (gone, .uploadNotFound)] as [(String, ErrorCode)] {
            let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            let server = try ScriptedServer(success(list(size: 1)) + success(response) + [.receive, .send(missing)])
            let completion = Completion(
                storage: storage(server.port), key: try AllowedPrefixes.all.key("users/a"), uploadID: "x")
            let fault = await #expect(throws: Fault.self) { try await completion.run(size: nil, claimed: nil) }
            #expect(fault?.code == code)
            #expect(server.requests.map { $0.prefix { $0 != " " } } == ["GET", "POST", "HEAD"])
        }
    }

    @Test func `An ETag consists of hex digits and an optional part count, and cannot contain XML`() throws {
        for valid in [digest, "\\\"\(digest)\\\"", digest.uppercased(), "\(digest)-12", "ab"] {
            let part = try #require(try claimed("[{\"part_number\": 1, \"etag\": \"\(valid)\"}]")?.first)
            #expect(part.etag.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit || $0 == UInt8(ascii: "-") })
            #expect(part.etag == part.etag.lowercased())
        }
        for invalid in [
            "", "</ETag><ETag>", "\(digest)</ETag>", "&lt;", "a b", "a\\nb", "é", "０a", "-1", "a-", "a-0", "a--1",
            "a-1-1", "\\\"", "\\\"\\\"", "\\\"a", "a\\\"", String(repeating: "a", count: 129), "a\\u0000",
        ] {
            #expect(try claimed("[{\"part_number\": 1, \"etag\": \"\(invalid)\"}]") == nil, "\(invalid)")
        }
        for invalid in ["0", "10001", "\"x\"", "null"] {
            #expect(try claimed("[{\"part_number\": \(invalid), \"etag\": \"a\"}]") == nil, "\(invalid)")
        }
    }
}

@Suite struct MultipartETagTests {
    private struct Vector: Decodable {
        let parts: [String]
        let count: Int
        let etag: String
    }

    @Test func `The ETag is the MD5 of the parts' MD5s with the number of parts, as hashlib computes it`() throws {
        for vector in try Vectors(beside: #filePath).json("multipart-etags.json", as: [Vector].self) {
            // The file has at most 256 digests, which are repeated for more parts.
            let parts = (0..<vector.count).map { vector.parts[$0 % vector.parts.count] }
            for etags in [parts, parts.map { $0.uppercased() }] {
                let stored = etags.enumerated().map { StoredPart(number: $0 + 1, size: 1, etag: $1) }
                #expect(multipartETag(stored) == vector.etag)
            }
        }
    }

    @Test func `The ETag is unknown if a part's ETag is not an MD5`() {
        for etag in [
            "", "ab", "\(digest)-1", String(digest.dropLast()) + "x", String(repeating: "é", count: 16),
            String(repeating: "+a", count: 16), digest + "é",
        ] {
            #expect(multipartETag([StoredPart(number: 1, size: 1, etag: etag)]) == nil)
        }
    }

    @Test func `Only the quotes around an ETag are removed`() {
        // The quote and the combining character are one Character.
        for (text, etag) in ["\"ab\"": "ab", "\"\u{301}ab\"": "\u{301}ab", "\"\"": "", "\"ab": "\"ab", "ab": "ab"] {
            #expect(unquoted(text) == etag)
        }
        #expect(unquoted("\"") == "\"")
    }
}
