import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Faults of R2, most of them during an upload.
    @Suite struct CopyStorage {
        /// - Parameter code: R2's error code; nil: there is none, and a detail is libcurl's message.
        private struct Failed {
            let reason: String
            let code: String?

            init(_ reason: String, _ code: String? = nil) { (self.reason, self.code) = (reason, code) }
        }

        private static let faults: [(name: String, failure: Failed?, tries: Int)] = [
            ("size-3000000-r2-403-a", Failed("Storage refused the request", "AccessDenied"), 1),
            ("size-3000000-r2-404-a", Failed("Storage refused the request", "NoSuchBucket"), 1),
            ("size-3000000-r2-429-a", Failed("Storage unavailable", "TooManyRequests"), 3),
            ("size-3000000-r2-429-once-a", nil, 2),
            ("size-3000000-r2-500-a", Failed("Storage unavailable", "InternalError"), 3),
            ("size-3000000-r2-503-once-a", nil, 2), ("size-3000000-r2-reset-a", Failed("Storage unavailable"), 3),
            ("size-3000000-r2-reset-once-a", nil, 2), ("size-3000000-r2-broken-once-a", nil, 2),
            ("chunked-3000000-r2-500-once-a", nil, 2),
            ("chunked-3000000-r2-reset-a", Failed("Storage unavailable"), 3),
            ("chunked-3000000-r2-reset-once-a", nil, 2),
            ("chunked-200000-r2-reset-once-a", nil, 2), ("r2-500-once-small", nil, 2),
            ("r2-broken-small", Failed("Storage unavailable"), 3), ("size-3000000-good", nil, 1),
            ("good-small", nil, 1),
        ]

        @Test func `Each image reports R2's error, and the bucket contains only complete images`() throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "60"], proxy: try .toStorage())
            let urls = try define("R2-FAULTS", Self.faults.map { "\($0.name).jpg" })
            let item = try fixture.copy(["R2-FAULTS"]).json["data"]["items"][0]
            let errors = Dictionary(uniqueKeysWithValues: item["errors"].list.map { ($0["url"].string!, $0) })
            for (url, fault) in zip(urls, Self.faults) {
                #expect(errors[url]?["reason"].string == fault.failure?.reason, "\(fault.name)")
                if let code = fault.failure?.code { #expect(errors[url]?["detail"].string == code, "\(fault.name)") }
                let puts = try #require(fixture.proxy).requests("/\(fault.name).jpg")
                #expect(puts.count == fault.tries, "\(fault.name)")
                for (put, next) in zip(puts, puts.dropFirst()) {
                    // R2 accepts one write per second and key.
                    let pause = next["at"].int! - (put["end"].int ?? .max)
                    #expect(pause >= 990, "\(fault.name): \(pause) ms")
                }
            }
            try fixture.expectStored([item], [urls])
        }

        @Test func `An upload that stalls ends with IMAGE_TIMEOUT, after two retries`() throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "5"], proxy: try .toStorage())
            let urls = try define("R2-STALL", ["size-3000000-r2-stall-a.jpg"])
            let item = try fixture.copy(["R2-STALL"]).json["data"]["items"][0]
            #expect(item["errors"].list.map { $0["reason"].string } == ["Storage timeout"])
            #expect(try #require(fixture.proxy).requests("/size-3000000-r2-stall-a.jpg").count == 3)
            try fixture.expectStored([item], [urls])
        }

        @Test func `Uploads have a length and a type, and no Expect header`() throws {
            let fixture = try CopyFixture(proxy: try .toStorage())
            let urls = try define("PLAIN", ["size-2000000-plain.jpg", "chunked-2000000-plain.jpg", "plain.png"])
            try fixture.expectStored(try fixture.copy(["PLAIN"]).json["data"]["items"].list, [urls])
            let puts = try #require(fixture.proxy).requests()
            #expect(puts.allSatisfy { !$0["expect"].exists && $0["status"].int == 200 })
            #expect(puts.compactMap { $0["length"].int }.filter { $0 == 2_000_000 }.count == 2)
            #expect(Set(puts.compactMap { $0["type"].string }) == ["image/jpeg", "image/png"])
            #expect(try #require(fixture.proxy).requests(method: "HEAD").isEmpty, "overwriting needs no HEAD")
        }

        @Test func `A broken download leaves the existing object unchanged`() throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "20"])
            let good = try define("BEFORE", ["to-same.jpg?to=/s3/multimedia-1-i/size-2000000-same.jpg"])
            let first = try fixture.copy(["BEFORE"]).json["data"]["items"].list
            try fixture.expectStored(first, [good])
            try define("BEFORE", ["to-same.jpg?to=/s3/multimedia-1-i/fault-short-same.jpg"])
            let broken = try fixture.copy(["BEFORE"]).json["data"]["items"].list
            #expect(broken[0]["error"].string == "NO_IMAGES_DOWNLOADED")
            #expect(try cdnRequests("fault-short-same").count == 3)
            try fixture.expectStored(first, [good])
        }

        @Test func `An unreachable R2 and a rejected credential are reported for each image`() throws {
            let unreachable = try CopyFixture(["R2_ENDPOINT_URL": "http://127.0.0.1:\(try closedPort())"])
            let item = try unreachable.copy(["2194435302"]).json["data"]["items"][0]
            #expect(item["error"].string == "NO_IMAGES_DOWNLOADED")
            #expect(item["errors"][0]["reason"].string == "Storage unavailable")
            let stranger = try CopyFixture(["R2_SECRET_ACCESS_KEY": String(repeating: "0", count: 64)])
            let rejected = try stranger.copy(["2194435302"]).json["data"]["items"][0]
            #expect(rejected["errors"][0]["reason"].string == "Storage refused the request")
            #expect(rejected["errors"][0]["detail"].string == "SignatureDoesNotMatch")
            let skipping = try stranger.copy(["2194435302"], ["existing": "skip"]).json["data"]["items"][0]
            #expect(skipping["errors"][0]["detail"].string == "HTTP 403", "a response to HEAD has no body with a code")
            #expect(try stranger.stored().isEmpty)
        }
    }
}
