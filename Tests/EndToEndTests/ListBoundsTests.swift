import Foundation
import Testing

extension EndToEnd {
    /// Half a million entries fit in a megabyte. Whatever they are, they cost one small answer and little memory.
    @Suite struct ListBounds {
        private static let credential = ["client_id": "1", "api_key": "k"]

        /// A request around a list that isn't part of it yet: `"@"` stands in its place.
        private static func body(_ members: [String: Any], _ field: String) -> String {
            jsonText(members.merging([field: "@"]) { $1 })
        }

        private static var push: [String: Any] { ["credential": credential, "product_id": 1, "task_id": 1] }
        private static var upload: [String: Any] { ["r2_path": "users/u/a", "upload_id": "x"] }

        /// Every list of every endpoint, and how many entries it may have.
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

        /// A body in which the list takes most of so many bytes: built as bytes, because a debug build takes seconds for
        /// the same with strings.
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

        /// The entry of which a body has most, and with LONG=1 one of each other kind.
        private static let entries =
            ["0"] + (isLong ? [#""a""#, #""""#, "{}", "[]", "null", "-1.5e9", #"{"r2_path":0}"#] : [])

        @Test(arguments: Endpoint.allCases.filter { endpoint in lists.contains { $0.endpoint == endpoint } })
        func `Half a million bad entries are one fault, one small answer and little memory`(_ endpoint: Endpoint) throws
        {
            let stage = try Stage()
            let handler = try stage.handler(endpoint).warmedUp()
            let before = handler.program.statusLine("VmHWM") ?? .max
            let lists = Self.lists.filter { $0.endpoint == endpoint }.prefix(isLong ? .max : 1)
            for (_, field, limit, body) in lists {
                for entry in Self.entries {
                    let bytes = Self.bytes(body, listOf: entry, size: 1 << 20)
                    let answer = try stage.site.post(endpoint, bytes: bytes)
                    expect(answer, .validationFailed, "\(entry)")
                    #expect(faults(answer) == ["\(field): Exceeds limit (\(limit))"], "\(entry)")
                    #expect(answer.body.count < 1000)
                }
            }
            let more = (handler.program.statusLine("VmHWM") ?? .max) - before
            #expect(more < 20 * 1024, "\(more) kB")
            #expect(try handler.messages("request").count == 1 + lists.count * Self.entries.count)
        }

        @Test func `What nobody reads costs little memory too`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.presignBatch).warmedUp()
            let before = handler.program.statusLine("VmHWM") ?? .max
            let body = #"{"items":[{"r2_path":"users/a"}],"x":"@"}"#
            let bytes = Self.bytes(body, listOf: "0", size: 4 << 20)
            #expect(try stage.site.post(.presignBatch, bytes: bytes).status == 200)
            let more = (handler.program.statusLine("VmHWM") ?? .max) - before
            #expect(more < 20 * 1024, "\(more) kB")
        }

        @Test func `Up to the limit every fault is found, a hundred are listed and the others counted`() throws {
            let site = try sandbox().site
            for (endpoint, field, limit, body) in Self.lists {
                let isObjects = [.presignBatch, .complete].contains(endpoint)
                let list = "[" + repeatElement(isObjects ? "0" : "true", count: limit).joined(separator: ",") + "]"
                let answer = try site.post(endpoint, body.replacingOccurrences(of: #""@""#, with: list))
                expect(answer, .validationFailed, "\(endpoint) \(field)")
                #expect(answer.json["errors"].list.count == 100, "\(endpoint) \(field)")
                #expect(answer.json["errors_omitted"].int == limit - 100, "\(endpoint) \(field)")
                #expect(answer.body.count < 16_000)
            }
        }
    }
}
