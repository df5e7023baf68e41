import Foundation
import Testing

extension EndToEnd {
    /// Copies told line by line.
    @Suite struct CopyLines {
        @Test
        func `An article's line leaves when its last image is stored, and heartbeats while a slow one is awaited`()
            throws
        {
            let site = try CopySite()
            let urls = [
                try define("SLOW-ONE", ["slow-7000-told.jpg", "told-a.jpg"]),
                try define("QUICK", ["told-b.jpg", "told-c.jpg"]),
            ]
            let wire = try site.begin(site.body(["SLOW-ONE", "QUICK", "NO-IMAGES", "nobody"]), lines: true)
            var text = try wire.read(until: #""index":1,"#)
            let stored = try site.stored().keys
            #expect(stored.contains("QUICK/told-b.jpg") && stored.contains("QUICK/told-c.jpg"))
            #expect(!text.contains(#""index":0,"#))
            // A chunk of one byte, the blank line. The last ones came before.
            text += try wire.read(until: "1\r\n\n\r\n")
            #expect(try hits("slow-7000-told")[0]["end"].int == nil, "the slow one still runs")
            text += String(decoding: try wire.readToEnd(), as: UTF8.self)
            let answer = try HTTPAnswer(Array(text.utf8))
            let lines = answer.lines
            #expect(lines.map { $0["type"].string } == ["start", "item", "item", "item", "item", "done"])
            #expect(lines[4]["index"].int == 0)
            #expect(lines.dropFirst().dropLast().map { $0["done"].int } == [1, 2, 3, 4])
            let items = lines.dropFirst().dropLast().sorted { $0["index"].int! < $1["index"].int! }
            try site.expectWhole(Array(items.prefix(2)), urls)
        }

        @Test func `The lines tell what the plain answer tells`() throws {
            let site = try CopySite()
            try define("HALF", ["fault-404-half.jpg", "half.jpg"])
            let articles = ["HALF", "nobody", "FORMATS", "HALF", "FAULT-IMG-HTML", "NO-IMAGES"]
            let plain = try site.copy(articles).json["data"]
            let lines = try site.copy(articles, lines: true).lines
            for name in plain.names where name != "items" {
                #expect(lines.last?["data"][name].int == plain[name].int, "\(name)")
            }
            for line in lines.dropFirst().dropLast() {
                let item = plain["items"][line["index"].int!]
                for name in item.names { #expect(line[name].description == item[name].description) }
            }
            #expect(lines.count == articles.count + 2)
        }

        @Test func `An error that ends the work is the last line, and ends the images under way`() throws {
            let site = try CopySite()
            try define("ENDED", ["slow-30000-ended.jpg"])
            let articles = ["ENDED"] + (1...999).map { "nobody-\($0)" } + ["FAULT-FORBIDDEN"]
            // Which of the two calls is Ozon's second is chance: the refusal may come first.
            var answer: HTTPAnswer?
            for _ in 0..<20 where answer?.status != 200 {
                let body = downloadBody(
                    articles, key: "slow-1000ms@2", ["download_images": true, "user_id": site.user])
                answer = try HTTPAnswer(try site.begin(body, lines: true, patience: 15).readToEnd())
            }
            let last = try #require(answer?.lines.last)
            #expect(last["type"].string == "error")
            #expect(last["success"].bool == false)
            #expect(last["code"].string == "OZON_UNAUTHORIZED")
            #expect(last["error"].string == "API key unauthorized")
            let plain = downloadBody(articles, key: "slow-1000ms@2", ["download_images": true, "user_id": site.user])
            expect(try HTTPAnswer(try site.begin(plain, patience: 15).readToEnd()), .ozonUnauthorized)
            #expect(try site.stored().isEmpty)
        }
    }
}
