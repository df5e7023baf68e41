import Foundation
import Testing

extension EndToEnd {
    /// `"existing": "skip"`: a run that broke off is resumed by sending it again.
    @Suite struct CopySkip {
        private let skip = ["existing": "skip"]

        @Test func `A second run over a finished one copies nothing and answers the same`() throws {
            let site = try CopySite(proxy: try .beforeStorage())
            let articles = ["skipped a", "skipped/b"]
            let urls = [
                try define(articles[0], (0..<40).map { "skip-a\($0).jpg" }),
                try define(articles[1], ["skip-b.jpg", "skip-b.png", "skip-b.webp"]),
            ]
            let first = try site.copy(articles, skip)
            try site.expectWhole(first.json["data"]["items"].list, urls)
            let (gets, puts) = (try hits("skip-").count, try #require(site.proxy).requests().count)
            #expect(puts == 43)
            for lines in [false, true] {
                let again = try site.copy(articles, skip, lines: lines)
                if lines {
                    let told = again.lines.dropFirst().dropLast().sorted { $0["index"].int! < $1["index"].int! }
                    #expect(
                        told.map { $0["urls"].strings } == first.json["data"]["items"].list.map { $0["urls"].strings })
                    #expect(again.lines.last?["data"]["success_images"].int == 43)
                } else {
                    #expect(again.json.description == first.json.description)
                }
            }
            #expect(try hits("skip-").count == gets)
            #expect(try #require(site.proxy).requests().count == puts)
            let asked = try #require(site.proxy).requests(method: "HEAD")
            #expect(asked.count == 3 * 43)
            #expect(peak(asked) > 4, "many at once")
            let overwritten = try site.copy([articles[1]])
            #expect(overwritten.json["data"]["items"][0].description == first.json["data"]["items"][1].description)
            #expect(try hits("skip-b").count > 6, "without skip they are copied again")
        }

        @Test func `A broken run is taken up where it broke`() throws {
            let site = try CopySite(proxy: try .beforeStorage())
            let images = (0..<6).map { "resume-\($0).jpg" } + ["slow-60000-resume-last.jpg"]
            let urls = try define("RESUMED", images)
            var wire: Wire? = try site.begin(site.body(["RESUMED"], skip))
            try eventually("six images are stored") { try site.stored().count == 6 }
            #expect(wire != nil)
            wire = nil
            try eventually("the work ends") { try !site.handler.messages("request").isEmpty }
            // The last one is quick now.
            try define("RESUMED", Array(urls.dropLast()) + ["resume-last.jpg"])
            let item = try site.copy(["RESUMED"], skip).json["data"]["items"][0]
            #expect(item["success_images"].int == 7)
            for number in 0..<6 { #expect(try hits("resume-\(number)").count == 1) }
            #expect(try site.stored().count == 7)
        }

        @Test func `What R2 can't tell about is tried again, then told`() throws {
            let site = try CopySite(proxy: try .beforeStorage())
            let urls = try define("UNKNOWN", ["r2-500-unknown.jpg", "r2-503-once-unknown.jpg", "fine-unknown.jpg"])
            let item = try site.copy(["UNKNOWN"], skip).json["data"]["items"][0]
            #expect(item["errors"].list.map { $0["reason"].string } == ["Storage unavailable"])
            let (asked, put) = ("/r2-500-unknown.jpg", try #require(site.proxy).requests("/r2-500-unknown.jpg"))
            #expect(
                try #require(site.proxy).requests(asked, method: "HEAD").map { $0["status"].int } == [500, 500, 500])
            #expect(put.isEmpty, "not knowing isn't not having")
            try site.expectWhole([item], [urls])
        }
    }
}
