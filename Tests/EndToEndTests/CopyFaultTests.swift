import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Faults of the CDN are reported for each image. The other images are copied, and only complete ones are stored.
    @Suite struct CopyFaults {
        private static let faults: [(kind: String, reason: String?, tries: Int)] = [
            ("reset", "Connection broken", 3), ("short", "Connection broken", 3), ("404", "HTTP 404", 1),
            ("500", "HTTP 500", 3), ("500-once", nil, 2), ("html", "Not an image", 1), ("chunked", nil, 1),
            ("endless", "Too large", 1), ("redirect", nil, 1),
            ("redirect-evil", "Host not allowed: not in OZON_IMAGE_HOSTS", 1), ("nocors", nil, 1),
        ]
        private static let images: [(name: String, reason: String?)] = [
            ("size-2000000-cap.jpg", nil), ("size-2000001-over.jpg", "Too large"), ("chunked-2000000-cap.jpg", nil),
            ("chunked-2000001-over.jpg", "Too large"), ("chunked-1048576-memory.jpg", nil),
            ("chunked-1048577-file.jpg", nil), ("redirects-3-edges.jpg", nil),
            ("redirects-4-edges.jpg", "Too many redirects"), ("size-0-nothing.jpg", "Not an image"),
            ("size-4-short.jpg", nil), ("size-2-shorter.jpg", "Not an image"),
            ("to-nowhere.jpg?to=//127.0.0.1/", "Host not allowed: not in OZON_IMAGE_HOSTS"),
            ("to-no-url.jpg?to=mailto:a@b", "HTTP 302 without a valid Location"),
        ]

        @Test func `Each failed image has its own reason and number of attempts, and only complete images are stored`()
            throws
        {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "60", "MAX_IMAGE_BYTES": "2000000"])
            let urls = try define("EDGES", Self.images.map(\.name))
            for (number, fault) in Self.faults.enumerated() {
                let images = ["before", "fault-\(fault.kind)", "after"].map { "\($0)-cdn-\(number).jpg" }
                try define("CDN-\(fault.kind)", images)
            }
            let articles = Self.faults.map { "CDN-\($0.kind)" } + ["EDGES"]
            let ozon = try fixture.nginx.client.post(.download, downloadBody(articles)).json["data"]["items"].list.map(
                \.["urls"].strings)
            #expect(ozon.last == urls)
            let before = try ozon.joined().map { try cdnRequests(String($0.split(separator: "/").last!)).count }.reduce(
                0, +)
            #expect(before == 0)
            let response = try fixture.copy(articles)
            let items = response.json["data"]["items"].list
            #expect(items.map { $0["article"].string } == articles)
            for (number, (item, images)) in zip(items, ozon).enumerated().dropLast() {
                let fault = Self.faults[number]
                #expect(
                    try cdnRequests("/fault-\(fault.kind)-cdn-\(number).jpg").count == fault.tries,
                    "\(fault.kind)")
                #expect(item["status"].string == "success")
                #expect(!item["error"].exists)
                #expect(
                    item["errors"].list.map(\.description)
                        == fault.reason.map { [#"{"reason":"\#($0)","url":"\#(images[1])"}"#] } ?? [],
                    "\(fault.kind)")
            }
            let reasons = Dictionary(
                uniqueKeysWithValues: items.last!["errors"].list.map { ($0["url"].string!, $0["reason"].string!) })
            for (url, image) in zip(urls, Self.images) { #expect(reasons[url] == image.reason, "\(image.name)") }
            #expect(try cdnRequests("-edges.jpg").count == 3 + 4)
            let evil = try cdnRequests("evil.jpg")
            #expect(evil.isEmpty, "the forbidden address received a request")
            try fixture.expectStored(items, ozon)
            let total = items.reduce(0) { $0 + ($1["failed_images"].int ?? 0) }
            #expect(response.json["data"]["failed_images"].int == total)
            #expect(response.json["success"].bool == true)
        }

        @Test
        func `A download that stalls ends with IMAGE_TIMEOUT, after two retries, and the other images are copied`()
            throws
        {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "5"])
            let urls = try define("CDN-stall", ["before-cdn-stall.jpg", "fault-stall-cdn.jpg", "after-cdn-stall.jpg"])
            let item = try fixture.copy(["CDN-stall"]).json["data"]["items"][0]
            #expect(item["errors"].list.map(\.description) == [#"{"reason":"Timeout","url":"\#(urls[1])"}"#])
            #expect(try cdnRequests("/fault-stall-cdn.jpg").count == 3)
            try fixture.expectStored([item], [urls])
        }

        @Test func `An article none of whose images could be copied is reported as failed, with its counts`() throws {
            let fixture = try CopyFixture()
            let urls = try define("ALL-BAD", ["fault-404-x.jpg", "fault-html-x.jpg"])
            let item = try fixture.copy(["ALL-BAD", "NO-IMAGES"]).json["data"]["items"]
            #expect(item[0]["status"].string == "failed")
            #expect(item[0]["error"].string == "NO_IMAGES_DOWNLOADED")
            #expect(item[1]["status"].string == "success", "it has no images")
            #expect(!item[1]["error"].exists)
            try fixture.expectStored(item.list, [urls, []])
        }

        @Test(.enabled(if: runsLongTests))
        func `Ten seconds without a byte are a stall, however much of IMAGE_TIMEOUT is left`() throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "300"])
            var response: HTTPResponse?
            let elapsed = try elapsedSeconds { response = try fixture.copy(["FAULT-IMG-STALL"]) }
            #expect(response?.json["data"]["items"][0]["errors"][0]["reason"].string == "Timeout")
            #expect(elapsed > 30 && elapsed < 60, "three attempts of 10 s")
        }

        @Test func `A slow image is not a stall, and a successful copy takes one request`() throws {
            let fixture = try CopyFixture()
            let urls = try define("SLOW", ["slow-700-a.jpg", "b.jpg"])
            try fixture.expectStored(try fixture.copy(["SLOW"]).json["data"]["items"].list, [urls])
            #expect(try cdnRequests("slow-700-a").count == 2, "one by the copy and one by this test")
        }

        @Test(.enabled(if: isRoot, "mounting a file system needs root"))
        func `A full disk fails only the images that are spooled to it`() throws {
            let disk = try TemporaryDirectory()
            let mounted = try ChildProcess.run("mount", ["-t", "tmpfs", "-o", "size=1536k", "tmpfs", disk.path])
            try #require(mounted.code == 0, "\(mounted.errors)")
            defer { _ = try? ChildProcess.run("umount", ["-l", disk.path]) }
            let fixture = try CopyFixture(["TMPDIR": disk.path])
            let urls = try define(
                "DISK-FULL", ["chunked-3000000-full.jpg", "size-3000000-relayed.jpg", "chunked-900000-memory.jpg"])
            let again = try define("DISK-FREE", ["chunked-1200000-fits.jpg"])
            let descriptors = try fixture.process.warmedUp().openDescriptors
            let items = try fixture.copy(["DISK-FULL"]).json["data"]["items"].list
            #expect(
                items[0]["errors"].list.map { $0["reason"].string } == ["Spooling failed: No space left on device"])
            let more = try fixture.copy(["DISK-FREE"]).json["data"]["items"].list
            #expect(more[0]["success_images"].int == 1, "the space was freed")
            try fixture.expectStored(items + more, [urls, again])
            #expect(fixture.process.openDescriptors < descriptors + 20, "files are closed")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
        }
    }
}

extension EndpointProcess {
    var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child.pid)/fd").count) ?? 0
    }
}
