import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Unusual images, URLs and CDN responses, and the limits of copies.
    @Suite struct CopyBounds {
        private func reasons(_ item: JSONValue) -> [String: String] {
            Dictionary(item["errors"].list.map { ($0["url"].string ?? "", $0["reason"].string ?? "") }) { $1 }
        }

        @Test func `Every form of redirect is followed`() throws {
            let fixture = try CopyFixture()
            let cdn = try sandbox().settings["OZON_IMAGE_HOSTS"]!
            let host = cdn.dropFirst("http:".count)
            let forms = [
                "b0.jpg", "./b1.jpg", "../multimedia-2-i/b2.jpg", "/s3/multimedia-1-i/b3.jpg?x", "?y",
                "\(host)/s3/multimedia-1-i/b5.jpg", "\(cdn)/s3/multimedia-1-i/b6.jpg#z",
                "HTTP\(cdn.dropFirst("http".count))/s3/../s3/multimedia-1-i/b7.jpg",
            ]
            let names = forms.enumerated().map { index, form in
                "to-\(index).jpg?to=\(form.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!)"
            }
            let urls = try define("REDIRECTS", names)
            let item = try fixture.copy(["REDIRECTS"]).json["data"]["items"][0]
            #expect(item["success_images"].int == urls.count, "\(item["errors"])")
            for index in [0, 1, 2, 3, 5, 6, 7] { #expect(try cdnRequests("/b\(index).jpg").count == 1) }
        }

        @Test func `A request to a busy CDN is retried after Retry-After, unless that exceeds the budget`()
            throws
        {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "20"])
            let names = [
                "busy-503-300000-3-a.jpg", "busy-429-10-date3-b.jpg", "busy-500-2000000-0-c.jpg", "busy-502-0-1-d.jpg",
                "busy-503-10-60-e.jpg", "busy-429-70000-date60-f.jpg",
            ]
            let urls = try define("BUSY", names)
            let item = try fixture.copy(["BUSY"]).json["data"]["items"][0]
            #expect(reasons(item) == [urls[4]: "HTTP 503", urls[5]: "HTTP 429"])
            for (name, tries) in zip(names, [2, 2, 2, 2, 1, 1]) {
                #expect(try cdnRequests(name).count == tries, "\(name)")
            }
            for name in names[0...1] {
                let times = try cdnRequests(name).compactMap { $0["at"].int }
                try #require(times.count == 2)
                // A date has a resolution of one second.
                #expect(times[1] - times[0] >= (name.contains("date") ? 2000 : 3000), "\(name)")
            }
        }

        @Test func `AVIF and HEIC are recognised whatever their major brand is`() throws {
            let fixture = try CopyFixture()
            let brands = [
                "mif1.avif.miaf": "image/avif", "avis.msf1": "image/avif", "miaf.MA1B": "image/avif",
                "mif1.heic": "image/heic", "msf1.hevc": "image/heic", "miaf": "image/heic", "heix.mif1": "image/heic",
            ]
            try define("BRANDS", brands.keys.map { "brands-\($0)-x.jpg" } + ["brands-isom.mp42-x.jpg"])
            let item = try fixture.copy(["BRANDS"]).json["data"]["items"][0]
            #expect(item["errors"].list.map { $0["reason"].string } == ["Not an image"])
            let stored = try fixture.stored().mapValues(\.type)
            #expect(stored == Dictionary(uniqueKeysWithValues: brands.map { ("BRANDS/brands-\($0)-x.jpg", $1) }))
        }

        @Test func `A product whose pictures are already in the bucket is copied`() throws {
            let fixture = try CopyFixture()
            let own = try fixture.copy(["2194435302"]).json["data"]["items"][0]["urls"].strings
            let base = try sandbox().settings["R2_PUBLIC_BASE"]!
            let origin = base.split(separator: "/").prefix(2).joined(separator: "//")
            let urls = try define("OWN", own + ["\(origin)/elsewhere/a.jpg", "\(base)/../a.jpg"])
            let item = try fixture.copy(["OWN"]).json["data"]["items"][0]
            #expect(item["success_images"].int == own.count)
            #expect(
                reasons(item)
                    == Dictionary(
                        uniqueKeysWithValues: urls.dropFirst(own.count).map {
                            ($0, "Host not allowed: not in OZON_IMAGE_HOSTS")
                        }))
        }

        @Test func `An image that cannot be stored fails without affecting others, in every mode`() throws {
            let fixture = try CopyFixture()
            let name = String(repeating: "x", count: 1100)
            let long = String(repeating: "y", count: 2100)
            let urls = try define("LONG", ["a.jpg", "\(name).jpg", "b.jpg?\(long)", "c.jpg"])
            let expected = [
                urls[1]: "Invalid path: is longer than 1024 bytes", urls[2]: "Invalid URL format: over 2048 bytes",
            ]
            for (more, success) in [
                (["download_images": false], 0), (["download_images": false, "presign": true], 0), ([:], 2),
            ] as [([String: Any], Int)] {
                let data = try fixture.copy(["LONG", "2194435302"], more).json["data"]
                let item = data["items"][0]
                #expect(item["status"].string == "success", "\(more)")
                #expect(reasons(item) == expected, "\(more)")
                #expect(item["urls"].strings.count == 2)
                let counts = ["total_images", "success_images", "failed_images"].map { item[$0].int }
                #expect(counts == [4, success, 2], "\(more)")
                #expect(data["failed_images"].int == 2)
                if more["presign"] != nil {
                    #expect(item["uploads"].list.map { $0["url"].string } == [urls[0], urls[3]])
                }
            }
        }

        @Test func `A URL of nine megabytes fails its own image only`() throws {
            let fixture = try CopyFixture()
            let huge = try sandbox().settings["OZON_IMAGE_HOSTS"]! + "/" + String(repeating: "z", count: 9_000_000)
            try define("HUGE", ["a.jpg", huge])
            for lines in [false, true] {
                let response = try fixture.copy(["HUGE"], lines: lines)
                let item = lines ? response.lines[1] : response.json["data"]["items"][0]
                #expect(item["success_images"].int == 1)
                #expect(item["errors"].list.map { $0["reason"].string } == ["Invalid URL format: over 2048 bytes"])
                #expect(response.body.count < 20_000)
            }
            #expect(fixture.process.child.isRunning)
        }

        @Test func `An expired CDN address is reported as such and not retried`() throws {
            let fixture = try CopyFixture()
            let cdn = try sandbox().settings["OZON_IMAGE_HOSTS"]!
            let urls = try define(
                "EXPIRED", ["\(cdn)/s3/multimedia-tmp-1/fault-403-expired.jpg", "fault-403-other.jpg"])
            let item = try fixture.copy(["EXPIRED"]).json["data"]["items"][0]
            #expect(reasons(item) == [urls[0]: "Expired on Ozon's CDN", urls[1]: "HTTP 403"])
            #expect(try cdnRequests("fault-403-").count == 2)
        }

        @Test func `Many requests for the same slow image do not delay other images`() throws {
            let fixture = try CopyFixture(["MAX_TRANSFERS": "2", "IMAGE_TIMEOUT": "60"])
            // 10 s without a byte would be a stall.
            try define("SHARED-SLOW", ["slow-9500-shared.jpg"])
            try define("SHARED-QUICK", ["quick.jpg"])
            let first = try fixture.begin(fixture.body(["SHARED-SLOW"]))
            try eventually("the slow image is requested") { try cdnRequests("slow-9500-shared").count == 1 }
            let waiting = try (0..<7).map { _ in try fixture.begin(fixture.body(["SHARED-SLOW"])) }
            try eventually("all are in flight") { try fixture.process.status()["in flight"].int == 8 }
            #expect(try fixture.copy(["SHARED-QUICK"]).json["data"]["success_images"].int == 1)
            #expect(try HTTPResponse(try first.readToEnd()).json["data"]["success_images"].int == 1)
            let requests = try eventually("the next one copies") {
                let requests = try cdnRequests("slow-9500-shared")
                return requests.count == 2 ? requests : nil
            }
            #expect(maximumConcurrency(requests) == 1, "one request at a time")
            let quick = try #require(try cdnRequests("/quick.jpg").first?["at"].int)
            #expect(quick < requests[0]["end"].int!, "the slow image was still in progress")
            #expect(waiting.count == 7)
        }

        @Test func `An article number of any length stays within the allowed prefix`() throws {
            let process = try EndpointProcess(.download)
            let id = 123
            try define("x", ["a"])
            for length in [1, 100, 1000, 1004, 1007, 1010] {
                let article = String(repeating: "0", count: max(length - 3, 0)) + "\(id)"
                for more in [["presign": true], ["download_images": true]] as [[String: Any]] {
                    let body = downloadBody(
                        [article], ["user_id": "bob", "field": "product_id"].merging(more) { $1 })
                    let response = try process.post(body, with: [("R2_PREFIX", "users/alice/")])
                    expect(response, .pathNotAllowed, "\(length) \(more)")
                }
            }
        }

        @Test func `Only images of allowed types are presigned`() throws {
            let process = try EndpointProcess(.download, ["R2_REQUIRE_TYPE": "true", "R2_ALLOWED_TYPES": "image/png"])
            let item = try process.post(downloadBody(["FORMATS"], ["presign": true])).json["data"]["items"][0]
            #expect(item["uploads"].list.map { $0["headers"].description } == [#"{"content-type":"image/png"}"#])
            #expect(
                item["errors"].list.map { $0["reason"].string } == [
                    "Type not allowed: image/jpeg", "Type not allowed: image/webp",
                ])
        }
    }
}
