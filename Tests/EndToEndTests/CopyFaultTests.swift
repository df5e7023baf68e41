import Foundation
import Testing

extension EndToEnd {
    /// What the CDN does wrong: told for each image, with the others copied and nothing wrong in the bucket.
    @Suite struct CopyFaults {
        private static let faults: [(kind: String, reason: String?, tries: Int)] = [
            ("RESET", "Connection broken", 3), ("SHORT", "Connection broken", 3), ("404", "HTTP 404", 1),
            ("500", "HTTP 500", 3), ("500-ONCE", nil, 2), ("HTML", "Not an image", 1), ("CHUNKED", nil, 1),
            ("STALL", "Timeout", 3), ("ENDLESS", "Too large", 1), ("REDIRECT", nil, 1),
            ("REDIRECT-EVIL", "Host not allowed: not in OZON_IMAGE_HOSTS", 1), ("NOCORS", nil, 1),
        ]
        private static let images: [(name: String, reason: String?)] = [
            ("size-2000000-cap.jpg", nil), ("size-2000001-over.jpg", "Too large"), ("chunked-2000000-cap.jpg", nil),
            ("chunked-2000001-over.jpg", "Too large"), ("chunked-1048576-memory.jpg", nil),
            ("chunked-1048577-file.jpg", nil), ("redirects-3-a.jpg", nil),
            ("redirects-4-b.jpg", "Too many redirects"), ("size-0-nothing.jpg", "Not an image"),
            ("size-4-short.jpg", nil), ("size-2-shorter.jpg", "Not an image"),
            ("to-nowhere.jpg?to=//127.0.0.1/", "Host not allowed: not in OZON_IMAGE_HOSTS"),
            ("to-no-url.jpg?to=mailto:a@b", "HTTP 302 without a valid Location"),
        ]

        @Test func `Each image tells its own fault, is tried as often as helps, and only whole ones are stored`() throws
        {
            let site = try CopySite(["IMAGE_TIMEOUT": "3", "MAX_IMAGE_BYTES": "2000000"])
            let urls = try define("EDGES", Self.images.map(\.name))
            let articles = Self.faults.map { "FAULT-IMG-\($0.kind)" } + ["EDGES"]
            let ozon = try site.stage.site.post(.download, downloadBody(articles)).json["data"]["items"].list.map(
                \.["urls"].strings)
            #expect(ozon.last == urls)
            let before = try ozon.joined().map { try hits(String($0.split(separator: "/").last!)).count }.reduce(0, +)
            #expect(before == 0)
            let answer = try site.copy(articles)
            let items = answer.json["data"]["items"].list
            #expect(items.map { $0["article"].string } == articles)
            for (number, (item, images)) in zip(items, ozon).enumerated().dropLast() {
                let fault = Self.faults[number]
                #expect(
                    try hits("/fault-\(fault.kind.lowercased())-\(number).jpg").count == fault.tries, "\(fault.kind)")
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
            #expect(try hits("redirects-").count == 3 + 4)
            let evil = try hits("evil.jpg")
            #expect(evil.isEmpty, "the forbidden address was reached")
            try site.expectWhole(items, ozon)
            let total = items.reduce(0) { $0 + ($1["failed_images"].int ?? 0) }
            #expect(answer.json["data"]["failed_images"].int == total)
            #expect(answer.json["success"].bool == true)
        }

        @Test func `An article of which no image could be copied has failed, with its counts`() throws {
            let site = try CopySite()
            let urls = try define("ALL-BAD", ["fault-404-x.jpg", "fault-html-x.jpg"])
            let item = try site.copy(["ALL-BAD", "NO-IMAGES"]).json["data"]["items"]
            #expect(item[0]["status"].string == "failed")
            #expect(item[0]["error"].string == "NO_IMAGES_DOWNLOADED")
            #expect(item[1]["status"].string == "success", "it has none to fail")
            #expect(!item[1]["error"].exists)
            try site.expectWhole(item.list, [urls, []])
        }

        @Test(.enabled(if: isLong))
        func `Ten seconds without a byte are a stall, whatever time is left`() throws {
            let site = try CopySite(["IMAGE_TIMEOUT": "300"])
            var answer: HTTPAnswer?
            let passed = try seconds { answer = try site.copy(["FAULT-IMG-STALL"]) }
            #expect(answer?.json["data"]["items"][0]["errors"][0]["reason"].string == "Timeout")
            #expect(passed > 30 && passed < 45, "three tries of 10 s")
        }

        @Test func `A slow image that keeps coming is no stall, and a proper one costs one request`() throws {
            let site = try CopySite()
            let urls = try define("SLOW", ["slow-700-a.jpg", "b.jpg"])
            try site.expectWhole(try site.copy(["SLOW"]).json["data"]["items"].list, [urls])
            #expect(try hits("slow-700-a").count == 2, "one by the copy, one by this test")
        }

        @Test(.enabled(if: geteuid() == 0, "mounting a small disk takes root"))
        func `A full disk fails the images that are spooled there and no others`() throws {
            let disk = try Scratch()
            let mounted = try Program.run("mount", ["-t", "tmpfs", "-o", "size=1536k", "tmpfs", disk.path])
            try #require(mounted.code == 0, "\(mounted.errors)")
            defer { _ = try? Program.run("umount", ["-l", disk.path]) }
            let site = try CopySite(["TMPDIR": disk.path])
            let urls = try define(
                "DISK-FULL", ["chunked-3000000-full.jpg", "size-3000000-relayed.jpg", "chunked-900000-memory.jpg"])
            let again = try define("DISK-FREE", ["chunked-1200000-fits.jpg"])
            let descriptors = try site.handler.warmedUp().descriptors
            let items = try site.copy(["DISK-FULL"]).json["data"]["items"].list
            #expect(
                items[0]["errors"].list.map { $0["reason"].string } == ["Spooling failed: No space left on device"])
            let more = try site.copy(["DISK-FREE"]).json["data"]["items"].list
            #expect(more[0]["success_images"].int == 1, "the room was given back")
            try site.expectWhole(items + more, [urls, again])
            #expect(site.handler.descriptors < descriptors + 20, "files are closed")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
        }
    }
}

extension Handler {
    var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").count) ?? 0
    }
}
