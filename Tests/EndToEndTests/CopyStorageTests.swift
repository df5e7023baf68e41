import Foundation
import Testing

extension EndToEnd {
    /// What R2 does wrong, most of it in the middle of an upload.
    @Suite struct CopyStorage {
        /// - Parameter code: nil: it told none; the detail, if any, is libcurl's word.
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
            ("size-3000000-r2-reset-once-a", nil, 2), ("size-3000000-r2-stall-a", Failed("Storage timeout"), 3),
            ("size-3000000-r2-broken-once-a", nil, 2), ("chunked-3000000-r2-500-once-a", nil, 2),
            ("chunked-3000000-r2-reset-a", Failed("Storage unavailable"), 3),
            ("chunked-3000000-r2-reset-once-a", nil, 2),
            ("chunked-200000-r2-reset-once-a", nil, 2), ("r2-500-once-small", nil, 2),
            ("r2-broken-small", Failed("Storage unavailable"), 3), ("size-3000000-good", nil, 1),
            ("good-small", nil, 1),
        ]

        @Test func `Each image tells what R2 did to it, and the bucket holds whole images alone`() throws {
            let site = try CopySite(["IMAGE_TIMEOUT": "4"], proxy: try .beforeStorage())
            let urls = try define("R2-FAULTS", Self.faults.map { "\($0.name).jpg" })
            let item = try site.copy(["R2-FAULTS"]).json["data"]["items"][0]
            let errors = Dictionary(uniqueKeysWithValues: item["errors"].list.map { ($0["url"].string!, $0) })
            for (url, fault) in zip(urls, Self.faults) {
                #expect(errors[url]?["reason"].string == fault.failure?.reason, "\(fault.name)")
                if let code = fault.failure?.code { #expect(errors[url]?["detail"].string == code, "\(fault.name)") }
                let puts = try #require(site.proxy).requests("/\(fault.name).jpg")
                #expect(puts.count == fault.tries, "\(fault.name)")
                for (put, next) in zip(puts, puts.dropFirst()) {
                    // R2 takes one write a second for a key, and never two at once.
                    let pause = next["at"].int! - (put["end"].int ?? .max)
                    #expect(pause >= 990, "\(fault.name): \(pause) ms")
                }
            }
            try site.expectWhole([item], [urls])
        }

        @Test func `Uploads are sent with their length and type, and don't wait to be asked for the body`() throws {
            let site = try CopySite(proxy: try .beforeStorage())
            let urls = try define("PLAIN", ["size-2000000-plain.jpg", "chunked-2000000-plain.jpg", "plain.png"])
            try site.expectWhole(try site.copy(["PLAIN"]).json["data"]["items"].list, [urls])
            let puts = try #require(site.proxy).requests()
            #expect(puts.allSatisfy { !$0["expect"].exists && $0["status"].int == 200 })
            #expect(puts.compactMap { $0["length"].int }.filter { $0 == 2_000_000 }.count == 2)
            #expect(Set(puts.compactMap { $0["type"].string }) == ["image/jpeg", "image/png"])
            #expect(try #require(site.proxy).requests(method: "HEAD").isEmpty, "overwriting asks nothing")
        }

        @Test func `A download that breaks leaves the object that stood`() throws {
            let site = try CopySite(["IMAGE_TIMEOUT": "2"])
            let good = try define("BEFORE", ["to-same.jpg?to=/s3/multimedia-1-i/size-2000000-same.jpg"])
            let first = try site.copy(["BEFORE"]).json["data"]["items"].list
            try site.expectWhole(first, [good])
            try define("BEFORE", ["to-same.jpg?to=/s3/multimedia-1-i/fault-short-same.jpg"])
            let broken = try site.copy(["BEFORE"]).json["data"]["items"].list
            #expect(broken[0]["error"].string == "NO_IMAGES_DOWNLOADED")
            #expect(try hits("fault-short-same").count == 3)
            try site.expectWhole(first, [good])
        }

        @Test func `No storage, or none that lets us in, is told for each image`() throws {
            let nobody = try CopySite(["R2_ENDPOINT_URL": "http://127.0.0.1:\(try freePort())"])
            let item = try nobody.copy(["2194435302"]).json["data"]["items"][0]
            #expect(item["error"].string == "NO_IMAGES_DOWNLOADED")
            #expect(item["errors"][0]["reason"].string == "Storage unavailable")
            let stranger = try CopySite(["R2_SECRET_ACCESS_KEY": String(repeating: "0", count: 64)])
            let refused = try stranger.copy(["2194435302"]).json["data"]["items"][0]
            #expect(refused["errors"][0]["reason"].string == "Storage refused the request")
            #expect(refused["errors"][0]["detail"].string == "SignatureDoesNotMatch")
            let skipping = try stranger.copy(["2194435302"], ["existing": "skip"]).json["data"]["items"][0]
            #expect(skipping["errors"][0]["detail"].string == "HTTP 403", "HEAD has no code")
            #expect(try stranger.stored().isEmpty)
        }
    }
}
