import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Uploads in parts, on a real S3 server.
    @Suite struct Multipart {
        private let mebibyte = 1 << 20

        @Test func `create returns the plan and signs the first hundred parts`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(1001 * 5 * mebibyte + 1)
            let members = ["expires_at", "part_count", "part_size", "parts", "public_url", "r2_path", "upload_id"]
            #expect(data.names == members)
            #expect(data["r2_path"].string == upload.path)
            #expect(data["part_size"].int == 5 * mebibyte)
            #expect(data["part_count"].int == 1002)
            #expect(data["parts"].list.map { $0["part_number"].int } == (1...100).map { $0 })
            #expect(data["parts"].list.allSatisfy { $0["size"].int == 5 * mebibyte })
            #expect(data["public_url"].string?.hasSuffix("/public/\(upload.path)") == true)
            let more = try upload.call(
                .parts,
                [
                    "upload_id": id, "size": 1001 * 5 * mebibyte + 1, "part_size": 5 * mebibyte,
                    "part_numbers": [1002, 7],
                ])
            #expect(more.names == ["expires_at", "parts"])
            #expect(more["parts"].list.map { $0["part_number"].int } == [1002, 7], "in the requested order")
            #expect(more["parts"].list.map { $0["size"].int } == [1, 5 * mebibyte])
            try put(more["parts"][0], [7])
            let resumed = try upload.call(.resume, ["upload_id": id, "size": 1001 * 5 * mebibyte + 1])
            #expect(resumed["uploaded"].list.map { $0["part_number"].int } == [1002])
            #expect(resumed["missing"].list.count == 100)
            _ = try upload.call(.abort, ["upload_id": id])
        }

        @Test func `Every invalid field is listed`() throws {
            let upload = try MultipartUpload()
            func fieldErrorsOf(_ endpoint: Endpoint, _ members: [String: Any]) throws -> [String] {
                let response = try upload.post(endpoint, members)
                expect(response, .validationFailed, "\(endpoint)")
                return fieldErrors(response)
            }
            let types = "image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic"
            let size = "size: Must be between 1 and 5368709120"
            let partSize = "part_size: Must be between 5242880 and 5363340410"
            let bad: [String: Any] = ["size": 0, "part_size": 1, "content_type": "text/html"]
            #expect(try fieldErrorsOf(.create, bad) == [size, "content_type: Must be one of \(types)", partSize])
            #expect(try fieldErrorsOf(.create, ["size": 5 << 30 + 1]) == [size])
            #expect(try fieldErrorsOf(.create, [:]) == ["size: Field required"])
            #expect(
                try fieldErrorsOf(.resume, bad) == [
                    "upload_id: Field required", size, partSize, "content_type: Must be one of \(types)",
                ])
            let sizes: [String: Any] = ["upload_id": "x", "size": 6_000_000, "part_size": 5 * mebibyte]
            let numbers: [String: Any] = ["part_numbers": [0, 3, "2", 2, "x"]]
            #expect(
                try fieldErrorsOf(.parts, sizes.merging(numbers) { $1 }) == [
                    "part_numbers[0]: Must be between 1 and 2", "part_numbers[1]: Must be between 1 and 2",
                    "part_numbers[3]: Must not be repeated", "part_numbers[4]: Must be an integer",
                ])
            #expect(
                try fieldErrorsOf(.parts, ["upload_id": "", "size": 6_000_000, "part_numbers": [] as [Int]]) == [
                    "upload_id: Must not be empty", "part_size: Field required", "part_numbers: Must not be empty",
                ])
            let tooMany: [String: Any] = [
                "upload_id": "x", "size": 1 << 40, "part_size": 5 * mebibyte, "part_numbers": [1],
            ]
            #expect(try fieldErrorsOf(.parts, tooMany) == ["part_size: Must be between 109951163 and 5363340410"])
            #expect(
                try fieldErrorsOf(.complete, ["upload_id": "a\u{85}", "size": "x", "parts": [] as [Int]]) == [
                    "upload_id: Invalid characters", "size: Must be an integer", "parts: Must not be empty",
                ])
            let etags = ["", "xyz", "\"", "</ETag>", "0-0", "0-x", "-1"]
            let parts = etags.map { ["part_number": 1, "etag": $0] as [String: Any] }
            let errors = try fieldErrorsOf(
                .complete, ["upload_id": "x", "parts": parts + [["part_number": 10_001, "etag": "0"]]])
            #expect(errors.first == "parts[0].etag: Must not be empty")
            #expect(
                errors.dropFirst().dropLast() == (1..<etags.count).map { "parts[\($0)].etag: Invalid characters" }[...])
            #expect(errors.last == "parts[7].part_number: Must be between 1 and 10000")
            #expect(try fieldErrorsOf(.abort, [:]) == ["upload_id: Field required"])
        }

        @Test(arguments: [Endpoint.create, .parts, .resume, .complete, .abort])
        func `A path outside the allowed prefixes or R2_PREFIX is rejected`(_ endpoint: Endpoint) throws {
            let outside = endpoint.goodBody.replacing(/users\/u\/\w+/, with: "usersx/good")
            expect(try sandbox().client.post(endpoint, outside), .pathNotAllowed)
            let process = try EndpointProcess(endpoint)
            expect(try process.post(endpoint.goodBody, with: [("R2_PREFIX", "users/v/")]), .pathNotAllowed)
            #expect(try process.post(endpoint.goodBody, with: [("R2_PREFIX", "users/u/")]).status == 200)
        }

        @Test func `Parts may be in any order, and ETags quoted, unquoted or absent`() throws {
            let bodies = [body(5 * mebibyte, 1), body(5 * mebibyte, 2), body(1000, 3)]
            let size = 10 * mebibyte + 1000
            for mode in ["quoted", "plain", "upper case", "none"] {
                let upload = try MultipartUpload()
                let (id, data) = try upload.create(size, ["content_type": "image/png"])
                var claimed: [[String: Any]] = []
                for number in [3, 1, 2] {
                    let quoted = try put(data["parts"][number - 1], bodies[number - 1])
                    let plain = quoted.trimmingCharacters(in: ["\""])
                    let etag = ["quoted": "\"\(plain)\"", "plain": plain, "upper case": plain.uppercased()][mode] ?? ""
                    claimed.append(["part_number": number, "etag": etag])
                }
                let done = try upload.call(
                    .complete, ["upload_id": id, "size": size, "parts": mode == "none" ? NSNull() as Any : claimed])
                #expect(done.names == ["etag", "public_url", "size"])
                #expect(done["size"].int == size)
                #expect(done["etag"].string?.wholeMatch(of: /[0-9a-f]{32}-3/) != nil)
                let read = try upload.published()
                #expect(read.body == Array(bodies.joined()))
                #expect(read["Content-Type"] == "image/png")
            }
        }

        @Test func `Parts that R2 would reject are rejected with a reason, and can be corrected`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(11 * mebibyte)
            func complete(_ more: [String: Any] = [:]) throws -> [String] {
                fieldErrors(try upload.post(.complete, more.merging(["upload_id": id]) { $1 }))
            }
            #expect(try complete() == ["parts: No part was uploaded"])
            try put(data["parts"][0], body(5 * mebibyte))
            let third = try put(data["parts"][2], body(mebibyte))
            #expect(
                try complete(["size": 11 * mebibyte]) == [
                    "parts: Part 2 is missing", "size: The parts have 6291456 bytes",
                ])
            try put(data["parts"][1], body(4 * mebibyte))
            #expect(try complete() == ["parts: Part 2 has 4194304 bytes, part 1 has 5242880"])
            try put(data["parts"][1], body(5 * mebibyte))
            try put(data["parts"][2], body(6 * mebibyte))
            #expect(try complete() == ["parts: The last part has 6291456 bytes, more than the others' 5242880"])
            let claimed: [[String: Any]] = [[2, third], [3, third], [3, third], [4, third]].map {
                ["part_number": $0[0], "etag": $0[1]]
            }
            #expect(
                try complete(["parts": claimed]) == [
                    "parts[0].etag: Differs from the stored part's", "parts[1].etag: Differs from the stored part's",
                    "parts[2].part_number: Must not be repeated", "parts[3].part_number: Part 4 was not uploaded",
                ])
            #expect(try upload.published().status == 404, "nothing was completed")
            try put(data["parts"][2], body(mebibyte))
            #expect(try complete(["size": 11 * mebibyte - 1]) == ["size: The parts have 11534336 bytes"])
            #expect(try upload.call(.complete, ["upload_id": id, "size": 11 * mebibyte])["size"].int == 11 * mebibyte)
        }

        @Test func `Parts smaller than 5 MiB, except the last, are rejected`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(6 * mebibyte)
            try put(data["parts"][0], body(1000))
            try put(data["parts"][1], body(1000))
            let response = try upload.post(.complete, ["upload_id": id])
            #expect(fieldErrors(response) == ["parts: Part 1 has 1000 bytes, fewer than 5242880"])
            #expect(try upload.call(.abort, ["upload_id": id]).names.isEmpty)
        }
    }
}
