import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Half a million entries fit in a megabyte. They must cost one small response and little memory.
    @Suite struct ListBounds {
        private static let credential = ["client_id": "1", "api_key": "k"]

        /// A request with the placeholder `"@"` instead of a list.
        private static func body(_ members: [String: Any], _ field: String) -> String {
            jsonText(members.merging([field: "@"]) { $1 })
        }

        private static var push: [String: Any] { ["credential": credential, "product_id": 1, "task_id": 1] }
        private static var upload: [String: Any] { ["r2_path": "users/u/a", "upload_id": "x"] }

        /// Every list of every endpoint, with its maximum length.
        private static let lists: [(endpoint: Endpoint, field: String, limit: Int, body: String)] = [
            (.download, "articles", 5000, body(["credential": credential, "user_id": "u"], "articles")),
            (.pushImages, "images", 1000, body(push, "images")),
            (.pushImages, "images360", 1000, body(push, "images360")),
            (.pushStatus, "images", 1000, body(push, "images")),
            (.pushStatus, "images360", 1000, body(push, "images360")),
            (.presignBatch, "items", 1000, body([:], "items")),
            (
                .parts, "part_numbers", 1000,
                body(upload.merging(["size": 1, "part_size": 5 << 20]) { $1 }, "part_numbers")
            ),
            (.complete, "parts", 10_000, body(upload, "parts")),
        ]

        /// A body of about `size` bytes that consists mostly of the list. It is built from bytes, because strings take
        /// seconds in a debug build.
        private static func bytes(_ body: String, listOf entry: String, size: Int) -> [UInt8] {
            let parts = body.components(separatedBy: #""@""#)
            let element = Array("\(entry),".utf8)
            let count = (size - 1000) / element.count
            let list = [UInt8](unsafeUninitializedCapacity: count * element.count) { bytes, used in
                for place in 0..<count {
                    UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(bytes)[(place * element.count)...]
                    )
                    .copyBytes(from: element)
                }
                used = count * element.count
            }
            return Array("\(parts[0])[".utf8) + list.dropLast() + Array("]\(parts[1])".utf8)
        }

        /// The shortest entry, and with LONG=1 one of each other kind.
        private static let entries =
            ["0"] + (runsLongTests ? [#""a""#, #""""#, "{}", "[]", "null", "-1.5e9", #"{"r2_path":0}"#] : [])

        @Test(arguments: Endpoint.allCases.filter { endpoint in lists.contains { $0.endpoint == endpoint } })
        func `Half a million invalid entries cause one error, a small response and little memory`(_ endpoint: Endpoint)
            throws
        {
            let nginx = try NginxInstance()
            let process = try nginx.start(endpoint).warmedUp()
            let before = process.child.statusLine("VmHWM") ?? .max
            let lists = Self.lists.filter { $0.endpoint == endpoint }.prefix(runsLongTests ? .max : 1)
            for (_, field, limit, body) in lists {
                for entry in Self.entries {
                    let bytes = Self.bytes(body, listOf: entry, size: 1 << 20)
                    let response = try nginx.client.post(endpoint, bytes: bytes)
                    expect(response, .validationFailed, "\(entry)")
                    #expect(fieldErrors(response) == ["\(field): Exceeds limit (\(limit))"], "\(entry)")
                    #expect(response.body.count < 1000)
                }
            }
            let more = (process.child.statusLine("VmHWM") ?? .max) - before
            #expect(more < 20 * 1024, "\(more) kB")
            #expect(try process.messages("request").count == 1 + lists.count * Self.entries.count)
        }

        @Test func `Unknown members cost little memory`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.presignBatch).warmedUp()
            let before = process.child.statusLine("VmHWM") ?? .max
            let body = #"{"items":[{"r2_path":"users/a"}],"x":"@"}"#
            let bytes = Self.bytes(body, listOf: "0", size: 4 << 20)
            #expect(try nginx.client.post(.presignBatch, bytes: bytes).status == 200)
            let more = (process.child.statusLine("VmHWM") ?? .max) - before
            #expect(more < 20 * 1024, "\(more) kB")
        }

        @Test func `The memory of large bodies is returned to the system`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.presignBatch).warmedUp()
            let before = process.child.statusLine("RssAnon") ?? .max
            for size in [1 << 20, 2 << 20, 4 << 20] {
                let bytes = Self.bytes(#"{"items":[{"r2_path":"users/a"}],"x":"@"}"#, listOf: "0", size: size)
                #expect(try nginx.client.post(.presignBatch, bytes: bytes).status == 200)
            }
            try eventually("the process has less than 1 MiB more than before") {
                (process.child.statusLine("RssAnon") ?? .max) - before < 1024
            }
        }

        @Test func `Up to the limit every error is found; a hundred are listed and the others counted`() throws {
            let client = try sandbox().client
            for (endpoint, field, limit, body) in Self.lists {
                let isObjects = [.presignBatch, .complete].contains(endpoint)
                let list = "[" + repeatElement(isObjects ? "0" : "true", count: limit).joined(separator: ",") + "]"
                let response = try client.post(endpoint, body.replacingOccurrences(of: #""@""#, with: list))
                expect(response, .validationFailed, "\(endpoint) \(field)")
                #expect(response.json["errors"].list.count == 100, "\(endpoint) \(field)")
                #expect(response.json["errors_omitted"].int == limit - 100, "\(endpoint) \(field)")
                #expect(response.body.count < 16_000)
            }
        }
    }
}
