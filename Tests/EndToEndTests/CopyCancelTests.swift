import Foundation
import Testing

extension EndToEnd {
    /// The browser goes away in the middle of a copy.
    @Suite struct CopyCancel {
        @Test(arguments: [true, false])
        func `The work stops within a second, and nothing half-written is left`(lines: Bool) throws {
            let site = try CopySite(["IMAGE_TIMEOUT": "100"], proxy: try .beforeStorage())
            let proxy = try #require(site.proxy)
            let name = "left-\(lines)"
            let images = [
                "\(name).jpg", "fault-stall-\(name).jpg", "size-3000000-r2-stall-\(name).jpg",
                "fault-endless-\(name).jpg", "slow-60000-\(name).jpg",
            ]
            let urls = try define("LEFT-\(lines)", images)
            var wire: Wire? = try site.begin(site.body(["LEFT-\(lines)"]), lines: lines)
            #expect(wire != nil)
            try eventually("all are under way, one is stored") {
                let stall = try proxy.requests("r2-stall-\(name)").first?["received"].int
                return try hits(name).count == images.count && stall == 1_500_000 && site.stored().count == 1
            }
            wire = nil
            let line = try eventually("the request ends", within: 1) { try site.handler.messages("request").first }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
            #expect(line["level"].string == "info")
            try eventually("the CDN and R2 are left", within: 1) {
                let open = try hits(name).filter { $0["end"].int == nil }
                // A slow answer's client is looked at when it is due.
                return try open.allSatisfy { $0["path"].string!.contains("slow-") }
                    && proxy.requests("r2-stall").allSatisfy { $0["end"].int != nil }
            }
            let (gets, puts) = (try hits(name).count, try proxy.requests().count)
            #expect(try site.copy(["2194435302"]).json["data"]["success_images"].int == 1, "it serves on")
            #expect(try hits(name).count == gets, "nothing is tried again")
            #expect(try proxy.requests().count == puts + 1)
            let kept = try site.stored().keys.filter { $0.hasPrefix("LEFT") }
            #expect(kept == ["LEFT-\(lines)/\(name).jpg"])
            let whole = try sandbox().settings["R2_PUBLIC_BASE"]! + "/users/\(site.user)/ozon/\(kept[0])"
            #expect(try bytes(at: whole) == bytes(at: urls[0]))
        }

        @Test func `Who waits for another call's copy of the same image, or for a free transfer, can go too`() throws {
            let site = try CopySite(["MAX_TRANSFERS": "3"])
            try define("SHARED", ["slow-20000-shared.jpg"])
            try define("OTHERS", ["slow-20000-other-1.jpg", "slow-20000-other-2.jpg"])
            var wires: [Wire] = []
            wires.append(try site.begin(site.body(["SHARED"])))
            try eventually("the first call copies") { try hits("slow-20000-shared").count == 1 }
            wires.append(try site.begin(site.body(["SHARED"])))
            wires.append(try site.begin(site.body(["OTHERS"])))
            try eventually("the third has a transfer") { try !hits("slow-20000-other-").isEmpty }
            for count in 1...2 {
                wires.removeLast()
                try eventually("a call ends", within: 1) { try site.handler.messages("request").count == count }
            }
            #expect(try hits("slow-20000-shared").count == 1, "the same key is never written twice at once")
            wires.removeAll()
            try eventually("the last call ends", within: 1) { try site.handler.messages("request").count == 3 }
            let outcomes = try site.handler.messages("request").map { $0["outcome"].string }
            #expect(outcomes == ["CLIENT_WENT_AWAY", "CLIENT_WENT_AWAY", "CLIENT_WENT_AWAY"])
            #expect(try site.copy(["2194435302"]).json["data"]["success_images"].int == 1, "every slot is given back")
        }

        @Test func `Two calls for the same images both succeed, and no key is written twice at once`() throws {
            let site = try CopySite(proxy: try Proxy(to: try sandbox().s3Port, delay: 100))
            let urls = try define("BOTH", (0..<5).map { "slow-200-both-\($0).jpg" })
            let wires = try (0..<2).map { _ in try site.begin(site.body(["BOTH"])) }
            for wire in wires {
                let items = try HTTPAnswer(try wire.readToEnd()).json["data"]["items"].list
                try site.expectWhole(items, [urls])
            }
            for number in 0..<5 {
                let puts = try #require(site.proxy).requests("both-\(number)")
                #expect(puts.count == 2)
                #expect(peak(puts) == 1)
            }
        }
    }
}
