import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The caller disconnects during a copy.
    @Suite struct CopyCancel {
        @Test(.alone, arguments: [true, false])
        func `A copy stops soon after the disconnection and leaves no partial object`(lines: Bool) throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "100"], proxy: try .toStorage())
            let proxy = try #require(fixture.proxy)
            let name = "left-\(lines)"
            let images = [
                "\(name).jpg", "fault-stall-\(name).jpg", "size-3000000-r2-stall-\(name).jpg",
                "fault-endless-\(name).jpg", "slow-60000-\(name).jpg",
            ]
            let urls = try define("LEFT-\(lines)", images)
            var connection: SocketConnection? = try fixture.begin(fixture.body(["LEFT-\(lines)"]), lines: lines)
            #expect(connection != nil)
            try eventually("all are in progress and one is stored") {
                let stall = try proxy.requests("r2-stall-\(name)").first?["received"].int
                return try cdnRequests(name).count >= images.count && stall == 1_500_000 && fixture.stored().count == 1
            }
            connection = nil
            // A heartbeat, 5 s after the first line, would notice the disconnection too.
            let line = try eventually("the request ends", within: lines ? 4 : 10) {
                try fixture.process.messages("request").first
            }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
            #expect(line["level"].string == "info")
            try eventually("the requests to the CDN and R2 end", within: 8) {
                let open = try cdnRequests(name).filter { $0["end"].int == nil }
                // The CDN notices a disconnection only when a slow response is due.
                return try open.allSatisfy { $0["path"].string!.contains("slow-") }
                    && proxy.requests("r2-stall").allSatisfy { $0["end"].int != nil }
            }
            let (gets, puts) = (try cdnRequests(name).count, try proxy.requests().count)
            #expect(
                try fixture.copy(["2194435302"]).json["data"]["success_images"].int == 1, "the process still serves")
            #expect(try cdnRequests(name).count == gets, "nothing is retried")
            #expect(try proxy.requests().count == puts + 1)
            let kept = try fixture.stored().keys.filter { $0.hasPrefix("LEFT") }
            #expect(kept == ["LEFT-\(lines)/\(name).jpg"])
            let whole = try sandbox().settings["R2_PUBLIC_BASE"]! + "/users/\(fixture.user)/ozon/\(kept[0])"
            #expect(try bytes(at: whole) == bytes(at: urls[0]))
        }

        @Test(.alone) func `A request that waits for another request's copy or for a free transfer can be cancelled`()
            throws
        {
            let fixture = try CopyFixture(["MAX_TRANSFERS": "3"])
            try define("SHARED", ["slow-20000-shared.jpg"])
            try define("OTHERS", ["slow-20000-other-1.jpg", "slow-20000-other-2.jpg"])
            var connections: [SocketConnection] = []
            let begun = Date()
            connections.append(try fixture.begin(fixture.body(["SHARED"])))
            try eventually("the first request copies") { try cdnRequests("slow-20000-shared").count == 1 }
            connections.append(try fixture.begin(fixture.body(["SHARED"])))
            connections.append(try fixture.begin(fixture.body(["OTHERS"])))
            try eventually("the third request has a transfer") { try !cdnRequests("slow-20000-other-").isEmpty }
            for count in 1...2 {
                connections.removeLast()
                try eventually("a request ends", within: 8) { try fixture.process.messages("request").count == count }
            }
            // After 10 s without a byte, the first request repeats its transfer.
            let writers = try cdnRequests("slow-20000-shared").count
            #expect(writers == 1 || Date() > begun + 10, "a key has one writer at a time")
            connections.removeAll()
            try eventually("the last request ends", within: 8) { try fixture.process.messages("request").count == 3 }
            let outcomes = try fixture.process.messages("request").map { $0["outcome"].string }
            #expect(outcomes == ["CLIENT_WENT_AWAY", "CLIENT_WENT_AWAY", "CLIENT_WENT_AWAY"])
            #expect(
                try fixture.copy(["2194435302"]).json["data"]["success_images"].int == 1, "every transfer is free again"
            )
        }

        @Test func `Two requests for the same images both succeed, and no key has two writers at once`() throws {
            let fixture = try CopyFixture(proxy: try .toStorage(delay: 100))
            let urls = try define("BOTH", (0..<5).map { "slow-200-both-\($0).jpg" })
            let connections = try (0..<2).map { _ in try fixture.begin(fixture.body(["BOTH"])) }
            for connection in connections {
                let items = try HTTPResponse(try connection.readToEnd()).json["data"]["items"].list
                try fixture.expectStored(items, [urls])
            }
            for number in 0..<5 {
                let puts = try #require(fixture.proxy).requests("both-\(number)")
                #expect(puts.count == 2)
                #expect(maximumConcurrency(puts) == 1)
            }
        }
    }
}
