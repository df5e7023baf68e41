import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What users of browser-to-S3 systems run into (the trackers of Uppy, Companion, tusd, EvaporateJS and others), and
    /// that it doesn't happen here.
    @Suite struct Complaints {
        private let mebibyte = 1 << 20

        @Test func `Part URLs signed all at once expire during the upload: here they are signed in batches, on demand`()
            throws
        {
            let uploads = try Uploads()
            let size = 1024 * 5 * mebibyte
            let (id, data) = try uploads.create(size)
            #expect(data["parts"].list.count == 100)
            let ask: [String: Any] = ["upload_id": id, "size": size, "part_size": 5 * mebibyte]
            let last = try uploads.call(.parts, ask.merging(["part_numbers": Array(25...1024)]) { $1 })
            #expect(last["parts"].list.count == 1000)
            let again = try uploads.call(.parts, ask.merging(["part_numbers": [1]]) { $1 })
            try put(again["parts"][0], [1])
            let over = try uploads.post(.parts, ask.merging(["part_numbers": Array(1...1001)]) { $1 })
            #expect(faults(over) == ["part_numbers: Exceeds limit (1000)"])
            _ = try uploads.call(.abort, ["upload_id": id])
        }

        @Test(arguments: [1, 5 << 20, 5 << 20 + 1, 1 << 30, 4 << 30 + 7])
        func `Resume recomputed the part size, and the end refused it: here it follows from the size alone`(_ size: Int)
            throws
        {
            let uploads = try Uploads()
            let (id, created) = try uploads.create(size)
            let resumed = try uploads.call(.resume, ["upload_id": id, "size": size])
            for name in ["part_size", "part_count"] { #expect(resumed[name].int == created[name].int) }
            #expect(resumed["missing"].list.map { $0["size"].int } == created["parts"].list.map { $0["size"].int })
            let sizes: [String: Any] = ["upload_id": id, "size": size, "part_size": created["part_size"].int!]
            let parts = try uploads.call(.parts, sizes.merging(["part_numbers": [1]]) { $1 })
            #expect(parts["parts"][0]["size"].int == created["parts"][0]["size"].int)
        }

        @Test func `Resume of a vanished upload fails for ever: here it begins anew, and says so`() throws {
            let resumed = try Uploads().call(.resume, ["upload_id": "vanished", "size": 6 * mebibyte])
            #expect(resumed["restarted"].bool == true)
            #expect(resumed["missing"].list.count == 2)
        }

        @Test(.enabled(if: isLong))
        func `More than 1000 parts, and the pages of ListParts forgotten: here all of a real server's are read`() throws
        {
            let uploads = try Uploads()
            let size = 1500 * 5 * mebibyte
            let (id, _) = try uploads.create(size, ["part_size": 5 * mebibyte])
            let ask: [String: Any] = ["upload_id": id, "size": size, "part_size": 5 * mebibyte]
            for first in [1, 501, 1001] {
                let batch = ask.merging(["part_numbers": Array(first..<first + 500)]) { $1 }
                for part in try uploads.call(.parts, batch)["parts"].list { try put(part, [1]) }
            }
            let told = faults(try uploads.post(.complete, ["upload_id": id]))
            #expect(told.count == 1499)
            #expect(told.last == "parts: Part 1499 has 1 bytes, fewer than 5242880")
            _ = try uploads.call(.abort, ["upload_id": id])
        }

        @Test func `The ETag can't be read in the browser: here complete needs none, and the bucket's rule exposes it`()
            throws
        {
            let uploads = try Uploads()
            let (id, data) = try uploads.create(10)
            try put(data["parts"][0], body(10))
            #expect(try uploads.call(.complete, ["upload_id": id])["size"].int == 10)
            let cors = try String(contentsOfFile: "\(repository)/deploy/r2-cors.json", encoding: .utf8)
            let rule = JSONValue(cors)["CORSRules"][0]
            #expect(rule["ExposeHeaders"].strings == ["ETag"])
            #expect(Set(rule["AllowedMethods"].strings) == ["PUT", "GET", "HEAD"])
            #expect(rule["AllowedHeaders"].strings.sorted() == ["content-type", "if-none-match"])
        }

        @Test func `Keys with odd characters get SignatureDoesNotMatch: here one strict encoder serves every call`()
            throws
        {
            let odd = "users/u/a b+c=d(e)%25#f?g&h'!*~ фото é [x]{y}@:;,$/\(nextClient()) 1.bin"
            let uploads = try Uploads(path: odd)
            let (id, data) = try uploads.create(10)
            try put(data["parts"][0], body(10))
            #expect(try uploads.call(.resume, ["upload_id": id, "size": 10])["uploaded"].list.count == 1)
            #expect(try uploads.call(.complete, ["upload_id": id, "size": 10])["size"].int == 10)
            #expect(try uploads.published().body == body(10))
        }

        @Test func `A header is signed and not sent, or the other way round: here headers is the exact list`() throws {
            let options: [String: Any] = [
                "r2_path": "users/u/exact.jpg", "content_type": "image/jpeg", "content_length": 3,
            ]
            let signed = try sandbox().site.post(.presignBatch, jsonText(["items": [options]])).json["data"]["items"][0]
            let url = try #require(signed["upload_url"].string)
            let lines = signed["headers"].names.map { "\($0): \(signed["headers"][$0].string!)" }
            #expect(lines == ["content-type: image/jpeg"])
            #expect(try send("PUT", url, [], [1, 2, 3]).status == 403)
            #expect(try send("PUT", url, ["content-type: text/html"], [1, 2, 3]).status == 403)
            #expect(try send("PUT", url, lines, [1, 2, 3, 4]).status == 403)
            #expect(try send("PUT", url, lines, [1, 2, 3]).status == 200)
        }

        @Test func `Size and type are taken on trust: here the size declared is compared with what was stored`() throws
        {
            let uploads = try Uploads()
            let (id, data) = try uploads.create(10)
            try put(data["parts"][0], body(11))
            let answer = try uploads.post(.complete, ["upload_id": id, "size": 10])
            #expect(faults(answer) == ["size: The parts have 11 bytes"])
            #expect(try uploads.published().status == 404)
        }

        @Test
        func `Signing isn't repeated, and clients' clocks are wrong: here it may be repeated, by the server's clock`()
            throws
        {
            let uploads = try Uploads()
            let (id, _) = try uploads.create(10)
            let ask: [String: Any] = [
                "upload_id": id, "size": 10, "part_size": 5 * mebibyte, "part_numbers": [1], "date": "19700101T000000Z",
            ]
            for _ in 0..<2 {
                let answer = try sandbox().site.post(
                    .parts, jsonText(ask.merging(["r2_path": uploads.path]) { $1 }),
                    with: ["Date: Thu, 01 Jan 1970 00:00:00 GMT", "X-Amz-Date: 19700101T000000Z"])
                try put(answer.json["data"]["parts"][0], body(10))
            }
        }

        @Test(arguments: [
            "https://x.r2.cloudflarestorage.com/images", "https://https://x.r2.cloudflarestorage.com",
            "https://images.x.r2.cloudflarestorage.com", "x.r2.cloudflarestorage.com",
            "http://x.r2.cloudflarestorage.com",
        ])
        func `The endpoint is given with the bucket, or a scheme too many: here the start says so`(_ url: String) throws
        {
            for endpoint in [Endpoint.presignBatch, .create] {
                let settings = try sandbox().settings.merging(["R2_ENDPOINT_URL": url]) { $1 }
                let (code, _, errors) = try Program.run(executable(endpoint), ["--check"], environment: settings)
                #expect(code == 78)
                #expect(errors.contains("R2_ENDPOINT_URL: "), "\(errors)")
            }
        }

        @Test func `10,000 parts make a body too large: here it is read`() throws {
            let parts = (1...10_000).map {
                [
                    "part_number": $0, "etag": "\"\(R2Answer.emptyMD5)\"", "size": 5_242_880,
                    "uploaded_at": "2026-11-20T12:00:00Z",
                ]
                    as [String: Any]
            }
            let members: [String: Any] = ["upload_id": "unknown", "parts": parts]
            #expect(jsonText(members).utf8.count > 1 << 20)
            expect(try Uploads().post(.complete, members), .uploadNotFound)
            let over = parts + [["part_number": 1, "etag": "0"]]
            #expect(
                faults(try Uploads().post(.complete, ["upload_id": "x", "parts": over])) == [
                    "parts: Exceeds limit (10000)"
                ])
        }
    }
}
