import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Problems that users of other browser-to-S3 uploaders report (in the issue trackers of Uppy, Companion, tusd,
    /// EvaporateJS and others).
    @Suite struct KnownFieldProblems {
        private let mebibyte = 1 << 20

        @Test func `Part URLs do not expire during a long upload, because they are signed in batches on demand`()
            throws
        {
            let upload = try MultipartUpload()
            let size = 1024 * 5 * mebibyte
            let (id, data) = try upload.create(size)
            #expect(data["parts"].list.count == 100)
            let members: [String: Any] = ["upload_id": id, "size": size, "part_size": 5 * mebibyte]
            let last = try upload.call(.parts, members.merging(["part_numbers": Array(25...1024)]) { $1 })
            #expect(last["parts"].list.count == 1000)
            let again = try upload.call(.parts, members.merging(["part_numbers": [1]]) { $1 })
            try put(again["parts"][0], [1])
            let over = try upload.post(.parts, members.merging(["part_numbers": Array(1...1001)]) { $1 })
            #expect(fieldErrors(over) == ["part_numbers: Exceeds limit (1000)"])
            _ = try upload.call(.abort, ["upload_id": id])
        }

        @Test(arguments: [1, 5 << 20, 5 << 20 + 1, 1 << 30, 4 << 30 + 7])
        func `Resume has the same part size as create, because it follows from the size alone`(_ size: Int)
            throws
        {
            let upload = try MultipartUpload()
            let (id, created) = try upload.create(size)
            let resumed = try upload.call(.resume, ["upload_id": id, "size": size])
            for name in ["part_size", "part_count"] { #expect(resumed[name].int == created[name].int) }
            #expect(resumed["missing"].list.map { $0["size"].int } == created["parts"].list.map { $0["size"].int })
            let sizes: [String: Any] = ["upload_id": id, "size": size, "part_size": created["part_size"].int!]
            let parts = try upload.call(.parts, sizes.merging(["part_numbers": [1]]) { $1 })
            #expect(parts["parts"][0]["size"].int == created["parts"][0]["size"].int)
        }

        @Test func `Resume of an upload that no longer exists starts a new one and reports that`() throws {
            let resumed = try MultipartUpload().call(.resume, ["upload_id": "vanished", "size": 6 * mebibyte])
            #expect(resumed["restarted"].bool == true)
            #expect(resumed["missing"].list.count == 2)
        }

        @Test(.enabled(if: runsLongTests))
        func `All pages of ListParts are read, also of a real server with 1010 parts`() throws {
            let upload = try MultipartUpload()
            let size = 1010 * 5 * mebibyte
            let (id, _) = try upload.create(size, ["part_size": 5 * mebibyte])
            let members: [String: Any] = ["upload_id": id, "size": size, "part_size": 5 * mebibyte]
            for first in [1, 506] {
                let batch = members.merging(["part_numbers": Array(first..<first + 505)]) { $1 }
                for part in try upload.call(.parts, batch)["parts"].list { try put(part, [1]) }
            }
            let response = try upload.post(.complete, ["upload_id": id])
            #expect(fieldErrors(response).last == "parts: Part 100 has 1 bytes, fewer than 5242880")
            #expect(response.json["errors_omitted"].int == 1009 - 100, "of all parts but the last")
            _ = try upload.call(.abort, ["upload_id": id])
        }

        @Test func `The browser does not need to read ETags, and the bucket's CORS rule exposes them`()
            throws
        {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(10)
            try put(data["parts"][0], body(10))
            #expect(try upload.call(.complete, ["upload_id": id])["size"].int == 10)
            let cors = try String(contentsOfFile: "\(repository)/deploy/r2-cors.json", encoding: .utf8)
            let rule = JSONValue(cors)["CORSRules"][0]
            #expect(rule["ExposeHeaders"].strings == ["ETag"])
            #expect(Set(rule["AllowedMethods"].strings) == ["PUT", "GET", "HEAD"])
            #expect(rule["AllowedHeaders"].strings.sorted() == ["content-type", "if-none-match"])
        }

        @Test func `Keys with unusual characters are signed and stored correctly by every call`()
            throws
        {
            let odd = "users/u/a b+c=d(e)%25#f?g&h'!*~ фото é [x]{y}@:;,$/\(newClientID()) 1.bin"
            let upload = try MultipartUpload(path: odd)
            let (id, data) = try upload.create(10)
            try put(data["parts"][0], body(10))
            #expect(try upload.call(.resume, ["upload_id": id, "size": 10])["uploaded"].list.count == 1)
            #expect(try upload.call(.complete, ["upload_id": id, "size": 10])["size"].int == 10)
            #expect(try upload.published().body == body(10))
        }

        @Test func `headers lists exactly the headers that must be sent`() throws {
            let options: [String: Any] = [
                "r2_path": "users/u/exact.jpg", "content_type": "image/jpeg", "content_length": 3,
            ]
            let signed = try sandbox().client.post(.presignBatch, jsonText(["items": [options]])).json["data"]["items"][
                0]
            let url = try #require(signed["upload_url"].string)
            let lines = signed["headers"].names.map { "\($0): \(signed["headers"][$0].string!)" }
            #expect(lines == ["content-type: image/jpeg"])
            #expect(try send("PUT", url, [], [1, 2, 3]).status == 403)
            #expect(try send("PUT", url, ["content-type: text/html"], [1, 2, 3]).status == 403)
            #expect(try send("PUT", url, lines, [1, 2, 3, 4]).status == 403)
            #expect(try send("PUT", url, lines, [1, 2, 3]).status == 200)
        }

        @Test func `The declared size is compared with the stored parts`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(10)
            try put(data["parts"][0], body(11))
            let response = try upload.post(.complete, ["upload_id": id, "size": 10])
            #expect(fieldErrors(response) == ["size: The parts have 11 bytes"])
            #expect(try upload.published().status == 404)
        }

        @Test
        func `Signing can be repeated and uses the server's clock, not the caller's`()
            throws
        {
            let upload = try MultipartUpload()
            let (id, _) = try upload.create(10)
            let members: [String: Any] = [
                "upload_id": id, "size": 10, "part_size": 5 * mebibyte, "part_numbers": [1], "date": "19700101T000000Z",
            ]
            for _ in 0..<2 {
                let response = try sandbox().client.post(
                    .parts, jsonText(members.merging(["r2_path": upload.path]) { $1 }),
                    with: ["Date: Thu, 01 Jan 1970 00:00:00 GMT", "X-Amz-Date: 19700101T000000Z"])
                try put(response.json["data"]["parts"][0], body(10))
            }
        }

        @Test(arguments: [
            "https://x.r2.cloudflarestorage.com/images", "https://https://x.r2.cloudflarestorage.com",
            "https://images.x.r2.cloudflarestorage.com", "x.r2.cloudflarestorage.com",
            "http://x.r2.cloudflarestorage.com",
        ])
        func `An R2_ENDPOINT_URL with the bucket or a wrong scheme is rejected at start`(_ url: String) throws {
            for endpoint in [Endpoint.presignBatch, .create] {
                let settings = try sandbox().settings.merging(["R2_ENDPOINT_URL": url]) { $1 }
                let (code, _, errors) = try ChildProcess.run(executable(endpoint), ["--check"], environment: settings)
                #expect(code == 78)
                #expect(errors.contains("R2_ENDPOINT_URL: "), "\(errors)")
            }
        }

        @Test func `A body that lists 10,000 parts is accepted`() throws {
            let parts = (1...10_000).map {
                [
                    "part_number": $0, "etag": "\"\(R2Response.emptyMD5)\"", "size": 5_242_880,
                    "uploaded_at": "2026-11-20T12:00:00Z",
                ]
                    as [String: Any]
            }
            let members: [String: Any] = ["upload_id": "unknown", "parts": parts]
            #expect(jsonText(members).utf8.count > 1 << 20)
            expect(try MultipartUpload().post(.complete, members), .uploadNotFound)
            let over = parts + [["part_number": 1, "etag": "0"]]
            #expect(
                fieldErrors(try MultipartUpload().post(.complete, ["upload_id": "x", "parts": over])) == [
                    "parts: Exceeds limit (10000)"
                ])
        }
    }
}
