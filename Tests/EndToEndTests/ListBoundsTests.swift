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

        private static func list(of entry: String, bytes: Int) -> String {
            let count = (bytes - 1000) / (entry.utf8.count + 1)
            return "[" + repeatElement(entry, count: count).joined(separator: ",") + "]"
        }

        @Test(arguments: lists.indices)
        func `Half a million bad entries are one fault, one small answer and little memory`(_ index: Int) throws {
            let (endpoint, field, limit, body) = Self.lists[index]
            let stage = try Stage()
            let handler = try stage.handler(endpoint).warmedUp()
            let before = handler.program.statusLine("VmHWM") ?? .max
            for entry in ["0", #""a""#, #""""#, "{}", "[]", "null", "-1.5e9", #"{"r2_path":0}"#] {
                let list = Self.list(of: entry, bytes: 1 << 20)
                let text = body.replacingOccurrences(of: #""@""#, with: list)
                let answer = try stage.site.post(endpoint, text)
                expect(answer, .validationFailed, "\(entry)")
                #expect(faults(answer) == ["\(field): Exceeds limit (\(limit))"], "\(entry)")
                #expect(answer.body.count < 1000)
            }
            let more = (handler.program.statusLine("VmHWM") ?? .max) - before
            #expect(more < 20 * 1024, "\(more) kB")
            #expect(try handler.messages("request").count == 9)
        }

        @Test func `What nobody reads costs little memory too`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.presignBatch).warmedUp()
            let before = handler.program.statusLine("VmHWM") ?? .max
            let list = Self.list(of: "0", bytes: 4 << 20)
            let body = "{\"items\":[{\"r2_path\":\"users/a\"}],\"x\":\(list)}"
            #expect(try stage.site.post(.presignBatch, body).status == 200)
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
