import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `"existing": "skip"`: repeating an interrupted request resumes it.
    @Suite struct CopySkip {
        private let skip = ["existing": "skip"]

        @Test func `A second run copies nothing and has the same response`() throws {
            let fixture = try CopyFixture(proxy: try .toStorage())
            let articles = ["skipped a", "skipped/b"]
            let urls = [
                try define(articles[0], (0..<40).map { "skip-a\($0).jpg" }),
                try define(articles[1], ["skip-b.jpg", "skip-b.png", "skip-b.webp"]),
            ]
            let first = try fixture.copy(articles, skip)
            try fixture.expectStored(first.json["data"]["items"].list, urls)
            let (gets, puts) = (try cdnRequests("skip-").count, try #require(fixture.proxy).requests().count)
            #expect(puts == 43)
            for lines in [false, true] {
                let again = try fixture.copy(articles, skip, lines: lines)
                if lines {
                    let items = again.lines.dropFirst().dropLast().sorted { $0["index"].int! < $1["index"].int! }
                    #expect(
                        items.map { $0["urls"].strings } == first.json["data"]["items"].list.map { $0["urls"].strings })
                    #expect(again.lines.last?["data"]["success_images"].int == 43)
                } else {
                    #expect(again.json.description == first.json.description)
                }
            }
            #expect(try cdnRequests("skip-").count == gets)
            #expect(try #require(fixture.proxy).requests().count == puts)
            let heads = try #require(fixture.proxy).requests(method: "HEAD")
            #expect(heads.count == 3 * 43)
            #expect(maximumConcurrency(heads) > 4, "many run at once")
            let overwritten = try fixture.copy([articles[1]])
            #expect(overwritten.json["data"]["items"][0].description == first.json["data"]["items"][1].description)
            #expect(try cdnRequests("skip-b").count > 6, "without skip they are copied again")
        }

        @Test func `An interrupted run resumes where it stopped`() throws {
            let fixture = try CopyFixture(proxy: try .toStorage())
            let images = (0..<6).map { "resume-\($0).jpg" } + ["slow-60000-resume-last.jpg"]
            let urls = try define("RESUMED", images)
            var connection: SocketConnection? = try fixture.begin(fixture.body(["RESUMED"], skip))
            try eventually("six images are stored") { try fixture.stored().count == 6 }
            #expect(connection != nil)
            connection = nil
            try eventually("the request ends") { try !fixture.process.messages("request").isEmpty }
            // Now the last image is not slow.
            try define("RESUMED", Array(urls.dropLast()) + ["resume-last.jpg"])
            let item = try fixture.copy(["RESUMED"], skip).json["data"]["items"][0]
            #expect(item["success_images"].int == 7)
            for number in 0..<6 { #expect(try cdnRequests("resume-\(number)").count == 1) }
            #expect(try fixture.stored().count == 7)
        }

        @Test func `A failed HEAD is retried and then reported`() throws {
            let fixture = try CopyFixture(proxy: try .toStorage())
            let urls = try define("UNKNOWN", ["r2-500-unknown.jpg", "r2-503-once-unknown.jpg", "fine-unknown.jpg"])
            let item = try fixture.copy(["UNKNOWN"], skip).json["data"]["items"][0]
            #expect(item["errors"].list.map { $0["reason"].string } == ["Storage unavailable"])
            let (heads, put) = ("/r2-500-unknown.jpg", try #require(fixture.proxy).requests("/r2-500-unknown.jpg"))
            #expect(
                try #require(fixture.proxy).requests(heads, method: "HEAD").map { $0["status"].int } == [500, 500, 500])
            #expect(put.isEmpty, "an unknown state does not count as missing")
            try fixture.expectStored([item], [urls])
        }
    }
}
