import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Copies as application/x-ndjson.
    @Suite struct CopyStreams {
        @Test
        func `An article's line is sent once its last image is stored, with heartbeats in between`()
            throws
        {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "60"])
            // 10 s without a byte would be a stall.
            let urls = [
                try define("SLOW-ONE", ["slow-9500-stream.jpg", "stream-a.jpg"]),
                try define("QUICK", ["stream-b.jpg", "stream-c.jpg"]),
            ]
            let connection = try fixture.begin(fixture.body(["SLOW-ONE", "QUICK", "NO-IMAGES", "nobody"]), lines: true)
            var text = try connection.read(until: #""index":1,"#)
            let stored = try fixture.stored().keys
            #expect(stored.contains("QUICK/stream-b.jpg") && stored.contains("QUICK/stream-c.jpg"))
            #expect(!text.contains(#""index":0,"#))
            text += String(decoding: try connection.readToEnd(), as: UTF8.self)
            // A heartbeat: a chunk with a blank line.
            let heartbeat = try #require(text.range(of: "1\r\n\n\r\n"))
            #expect(!text[..<heartbeat.lowerBound].contains(#""index":0,"#), "the slow image was still in progress")
            let response = try HTTPResponse(Array(text.utf8))
            let lines = response.lines
            #expect(lines.map { $0["type"].string } == ["start", "item", "item", "item", "item", "done"])
            #expect(lines[4]["index"].int == 0)
            #expect(lines.dropFirst().dropLast().map { $0["done"].int } == [1, 2, 3, 4])
            let items = lines.dropFirst().dropLast().sorted { $0["index"].int! < $1["index"].int! }
            try fixture.expectStored(Array(items.prefix(2)), urls)
        }

        @Test func `The lines have the same content as the JSON response`() throws {
            let fixture = try CopyFixture()
            try define("HALF", ["fault-404-half.jpg", "half.jpg"])
            let articles = ["HALF", "nobody", "FORMATS", "HALF", "FAULT-IMG-HTML", "NO-IMAGES"]
            let plain = try fixture.copy(articles).json["data"]
            let lines = try fixture.copy(articles, lines: true).lines
            for name in plain.names where name != "items" {
                #expect(lines.last?["data"][name].int == plain[name].int, "\(name)")
            }
            for line in lines.dropFirst().dropLast() {
                let item = plain["items"][line["index"].int!]
                for name in item.names { #expect(line[name].description == item[name].description) }
            }
            #expect(lines.count == articles.count + 2)
        }

        @Test func `An error that ends the request is the last line and cancels the images in progress`() throws {
            let fixture = try CopyFixture()
            try define("ENDED", ["slow-30000-ended.jpg"])
            let articles = ["ENDED"] + (1...999).map { "nobody-\($0)" } + ["FAULT-FORBIDDEN"]
            // Either of the two calls can be the second to reach Ozon, so the rejection may come first.
            var response: HTTPResponse?
            for _ in 0..<20 where response?.status != 200 {
                let body = downloadBody(
                    articles, key: "slow-1000ms@2", ["download_images": true, "user_id": fixture.user])
                response = try HTTPResponse(try fixture.begin(body, lines: true, timeout: 15).readToEnd())
            }
            let last = try #require(response?.lines.last)
            #expect(last["type"].string == "error")
            #expect(last["success"].bool == false)
            #expect(last["code"].string == "OZON_UNAUTHORIZED")
            #expect(last["error"].string == "API key unauthorized")
            let plain = downloadBody(
                articles, key: "slow-1000ms@2", ["download_images": true, "user_id": fixture.user])
            expect(try HTTPResponse(try fixture.begin(plain, timeout: 15).readToEnd()), .ozonUnauthorized)
            #expect(try fixture.stored().isEmpty)
        }
    }
}
