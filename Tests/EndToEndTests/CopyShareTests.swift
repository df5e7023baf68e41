import Foundation
import Testing

extension EndToEnd {
    /// How many copies run at once, whose turn it is, and what they take.
    @Suite struct CopyShare {
        @Test(arguments: [1, 4, 32])
        func `No more transfers than allowed run at once, however many calls ask, and no fewer`(most: Int) throws {
            let site = try CopySite(most == 32 ? [:] : ["MAX_TRANSFERS": "\(most)"])
            let name = "at-once-\(most)"
            let articles = ["\(name) 1", "\(name) 2", "\(name) 3"]
            for (number, article) in articles.enumerated() {
                try define(article, (0..<(most * 2)).map { "slow-200-\(name)-\(number)-\($0).jpg" })
            }
            let wires = try articles.map { try site.begin(site.body([$0])) }
            for wire in wires {
                let answer = try HTTPAnswer(try wire.readToEnd())
                #expect(answer.json["data"]["success_images"].int == most * 2)
            }
            let entries = try hits(name)
            #expect(entries.count == most * 6)
            #expect(peak(entries) == most)
        }

        @Test func `A call for many articles doesn't starve one for one`() throws {
            let site = try CopySite(["MAX_TRANSFERS": "8"])
            let many = try (0..<60).map { number in
                try define("MANY-\(number)", (0..<8).map { "slow-300-many-\(number)-\($0).jpg" })
                return "MANY-\(number)"
            }
            let one = try define("ONE", ["one-for-one.jpg"])
            let wire = try site.begin(site.body(many), lines: true)
            _ = try wire.read(until: #""done":2,"#)
            for _ in 0..<3 {
                var items: [JSONValue] = []
                let passed = try seconds { items = try site.copy(["ONE"]).json["data"]["items"].list }
                #expect(items[0]["urls"].strings.count == one.count)
                // The eight before it take 300 ms; all of the many, 18 s.
                #expect(passed < 3, "\(passed) s")
            }
            #expect(try hits("slow-300-many-").count < 480, "the large call still runs")
        }

        @Test func `Thirty-two images of 48 MB at once stay under 24 MB of memory`() throws {
            let proxy = try Proxy(to: nil)
            let site = try CopySite(["IMAGE_TIMEOUT": "120"], proxy: proxy)
            let wire = try site.begin(site.body(["LARGE"]), patience: 180)
            var most = 0
            try eventually("all are copied", within: 180) {
                most = max(most, site.handler.program.statusLine("RssAnon") ?? 0)
                return try !site.handler.messages("request").isEmpty
            }
            let item = try HTTPAnswer(try wire.readToEnd()).json["data"]["items"][0]
            #expect(item["success_images"].int == 32, "\(item["errors"])")
            #expect(most < 24 * 1024, "\(most) kB")
            print("32 transfers of 48 MB: at most \(most) kB of anonymous memory")
            let puts = try proxy.requests()
            #expect(peak(puts) == 32)
            #expect(puts.allSatisfy { $0["received"].int == 48_000_000 })
            for put in puts.prefix(2) {
                let name = String(put["path"].string!.split(separator: "/").last!)
                let url = "\(try sandbox().settings["OZON_IMAGE_HOSTS"]!)/s3/multimedia-1-i/\(name)"
                let digest = try Program.run("bash", ["-c", "curl -s \(url) | sha256sum"]).output.prefix(64)
                #expect(put["sha256"].string == String(decoding: digest, as: UTF8.self))
            }
        }

        @Test func `Spooled images don't stand in memory either`() throws {
            let site = try CopySite(["IMAGE_TIMEOUT": "120"], proxy: try Proxy(to: nil))
            try define("SPOOLED", (0..<32).map { "chunked-8000000-spooled-\($0).jpg" })
            let wire = try site.begin(site.body(["SPOOLED"]), patience: 120)
            var most = 0
            try eventually("all are copied", within: 120) {
                most = max(most, site.handler.program.statusLine("RssAnon") ?? 0)
                return try !site.handler.messages("request").isEmpty
            }
            #expect(try HTTPAnswer(try wire.readToEnd()).json["data"]["success_images"].int == 32)
            // Up to 1 MB of each may be held, and twice that while it moves to a file.
            #expect(most < 90 * 1024, "\(most) kB")
            print("32 spooled transfers of 8 MB: at most \(most) kB of anonymous memory")
        }
    }
}
