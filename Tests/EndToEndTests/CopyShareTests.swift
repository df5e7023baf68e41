import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Concurrency, fairness and memory of copies.
    @Suite struct CopyShare {
        @Test(arguments: [1, 4, 32])
        func `Exactly MAX_TRANSFERS transfers run at once, however many requests there are`(most: Int) throws {
            let fixture = try CopyFixture(most == 32 ? [:] : ["MAX_TRANSFERS": "\(most)"])
            let name = "at-once-\(most)"
            let articles = ["\(name) 1", "\(name) 2", "\(name) 3"]
            for (number, article) in articles.enumerated() {
                try define(article, (0..<(most * 2)).map { "slow-500-\(name)-\(number)-\($0).jpg" })
            }
            let connections = try articles.map { try fixture.begin(fixture.body([$0])) }
            for connection in connections {
                let response = try HTTPResponse(try connection.readToEnd())
                #expect(response.json["data"]["success_images"].int == most * 2)
            }
            let entries = try cdnRequests(name)
            #expect(entries.count == most * 6)
            #expect(maximumConcurrency(entries) == most)
        }

        @Test func `A request for many articles does not starve a request for one`() throws {
            let fixture = try CopyFixture(["MAX_TRANSFERS": "8"])
            let many = try (0..<60).map { number in
                try define("MANY-\(number)", (0..<8).map { "slow-300-fair-many-\(number)-\($0).jpg" })
                return "MANY-\(number)"
            }
            let one = try define("ONE", ["fair-one.jpg"])
            let connection = try fixture.begin(fixture.body(many), lines: true)
            _ = try connection.read(until: #""done":2,"#)
            for _ in 0..<3 {
                let before = try cdnRequests("fair-").count
                let items = try fixture.copy(["ONE"]).json["data"]["items"].list
                #expect(items[0]["urls"].strings.count == one.count)
                // At most 8 of the 480 transfers precede it, besides those that start before the request is read.
                let paths = try cdnRequests("fair-").dropFirst(before).map { $0["path"].string! }
                #expect(try #require(paths.firstIndex { $0.contains("fair-one") }) < 120)
            }
        }

        @Test func `Thirty-two images of 48 MB at once stay under 24 MB of memory`() throws {
            let proxy = try ReverseProxy(to: nil)
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "120"], proxy: proxy)
            let connection = try fixture.begin(fixture.body(["LARGE"]), timeout: 180)
            var most = 0
            try eventually("all are copied", within: 180) {
                most = max(most, fixture.process.child.statusLine("RssAnon") ?? 0)
                return try !fixture.process.messages("request").isEmpty
            }
            let item = try HTTPResponse(try connection.readToEnd()).json["data"]["items"][0]
            #expect(item["success_images"].int == 32, "\(item["errors"])")
            #expect(most < 24 * 1024, "\(most) kB")
            print("32 transfers of 48 MB: at most \(most) kB of anonymous memory")
            let puts = try proxy.requests()
            #expect(maximumConcurrency(puts) == 32)
            #expect(puts.allSatisfy { $0["received"].int == 48_000_000 })
            for put in puts.prefix(2) {
                let name = String(put["path"].string!.split(separator: "/").last!)
                let url = "\(try sandbox().settings["OZON_IMAGE_HOSTS"]!)/s3/multimedia-1-i/\(name)"
                let digest = try ChildProcess.run("bash", ["-c", "curl -s \(url) | sha256sum"]).output.prefix(64)
                #expect(put["sha256"].string == String(decoding: digest, as: UTF8.self))
            }
        }

        @Test func `Spooled images are not kept in memory`() throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "120"], proxy: try ReverseProxy(to: nil))
            try define("SPOOLED", (0..<32).map { "chunked-8000000-spooled-\($0).jpg" })
            let connection = try fixture.begin(fixture.body(["SPOOLED"]), timeout: 120)
            var most = 0
            try eventually("all are copied", within: 120) {
                most = max(most, fixture.process.child.statusLine("RssAnon") ?? 0)
                return try !fixture.process.messages("request").isEmpty
            }
            #expect(try HTTPResponse(try connection.readToEnd()).json["data"]["success_images"].int == 32)
            // Up to 1 MB of each is buffered, and twice that while it is written to a file.
            #expect(most < 90 * 1024, "\(most) kB")
            print("32 spooled transfers of 8 MB: at most \(most) kB of anonymous memory")
        }
    }
}
