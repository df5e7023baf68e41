import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The keys and types of copies, and their URLs in responses.
    @Suite struct CopyKeys {
        @Test func `Keys, types and public URLs follow the product's images and their order`() throws {
            let fixture = try CopyFixture()
            let articles = ["FORMATS", "SAME-NAMES", "2194435300"]
            let ozon = try fixture.nginx.client.post(.download, downloadBody(articles)).json["data"]["items"].list.map(
                \.["urls"].strings)
            let response = try fixture.copy(articles)
            let items = response.json["data"]["items"].list
            try fixture.expectStored(items, ozon)
            let base = "\(try sandbox().settings["R2_PUBLIC_BASE"]!)/users/\(fixture.user)/ozon"
            let names = ["8388327000.jpg", "8388327001.png", "8388327002.webp"]
            #expect(items[0]["urls"].strings == names.map { "\(base)/FORMATS/\($0)" })
            let twice = items[1]["urls"].strings
            #expect(twice[0] == "\(base)/SAME-NAMES/1.jpg")
            let digest = try ChildProcess.run("sha256sum", input: Array(ozon[1][1].utf8)).output.prefix(8)
            #expect(twice[1] == "\(base)/SAME-NAMES/1-\(String(decoding: digest, as: UTF8.self)).jpg")
            #expect(items[2]["urls"].strings == (8_388_316_998...8_388_317_002).map { "\(base)/2194435300/\($0).jpg" })
            let data = response.json["data"]
            let counts = ["total_articles", "processed", "total_images", "success_images", "failed_images"]
            #expect(counts.map { data[$0].int } == [3, 3, 10, 10, 0])
            let types = try fixture.stored().filter { $0.key.hasPrefix("FORMATS/") }.sorted { $0.key < $1.key }
            #expect(types.map(\.value.type) == ["image/jpeg", "image/png", "image/webp"])
        }

        @Test func `The type is determined by the bytes, not by the name`() throws {
            let fixture = try CopyFixture()
            let wrong = ["/s3/multimedia-1-i/real.png", "/s3/multimedia-1-i/real.webp"]
            let urls = try define("LIES", wrong.enumerated().map { "to-\($0.offset).jpg?to=\($0.element)" })
            try fixture.expectStored(try fixture.copy(["LIES"]).json["data"]["items"].list, [urls])
            let stored = try fixture.stored().mapValues(\.type)
            #expect(stored == ["LIES/to-0.jpg": "image/png", "LIES/to-1.jpg": "image/webp"])
        }

        @Test func `Images of an article with any name are stored under that name and have working URLs`()
            throws
        {
            let fixture = try CopyFixture()
            let odd = [
                "a/b", "..", ".", "a\\b", "100%", "%2e%2e", "a b+c", "tab\there", "фото №1", "e\u{301}", "a#b?c=d",
                "\u{7F}", "<>\"'&", "a//b/", "🏺",
            ]
            var originals: [[String]] = []
            for article in odd { originals.append(try define(article, ["odd.jpg"])) }
            let items = try fixture.copy(odd).json["data"]["items"].list
            #expect(items.map { $0["article"].string } == odd)
            try fixture.expectStored(items, originals)
            let keys = Set(try fixture.stored().keys)
            for encoded in [
                "a%2Fb", "%2E%2E", "%2E", "a%5Cb", "100%25", "%252e%252e", "tab%09here", "é", "a%2F%2Fb%2F",
            ] {
                #expect(keys.contains("\(encoded)/odd.jpg"), "\(encoded)")
            }
        }

        @Test func `Names of images cannot escape their article's folder`() throws {
            let fixture = try CopyFixture()
            let base = try sandbox().settings["OZON_IMAGE_HOSTS"]!
            let good = "to=/s3/multimedia-1-i/named.jpg"
            let urls = try define(
                "NAMES", ["to-a%2Fb.jpg?\(good)", "to-a.jpg?\(good)&v=1", "to-a.jpg?\(good)&v=2"] + ["\(base)/s3/..?x"])
            let items = try fixture.copy(["NAMES"]).json["data"]["items"].list
            #expect(items[0]["errors"].list.map { $0["url"].string } == [urls[3]])
            let keys = try fixture.stored().keys.sorted()
            #expect(keys.count == 3)
            #expect(keys.allSatisfy { $0.wholeMatch(of: /NAMES\/to-a(-[0-9a-f]{8}|%2Fb)?\.jpg/) != nil }, "\(keys)")
        }

        @Test func `A user_id outside the allowed prefixes is rejected with 403 before Ozon is called`() throws {
            let fixture = try CopyFixture(["R2_ALLOWED_PREFIXES": "users/mine/,shared/"])
            let clientID = newClientID()
            for more: [String: Any] in [["user_id": "other"], ["user_id": "mine2"], ["user_id": "min"]] {
                let all = more.merging(["download_images": true]) { $1 }
                expect(
                    try fixture.nginx.client.post(.download, downloadBody(["2194435302"], clientID: clientID, all)),
                    .pathNotAllowed)
            }
            #expect(try sandbox().calls(of: clientID).isEmpty)
            let allowed = try fixture.copy(["2194435302"], ["user_id": "mine"])
            #expect(allowed.json["data"]["success_images"].int == 1)
            let metadata = try fixture.nginx.client.post(.download, downloadBody(["2194435302"], ["user_id": "other"]))
            #expect(metadata.status == 200, "metadata mode stores nothing")
        }

        @Test func `R2_PREFIX, set by nginx, also restricts copies`() throws {
            let process = try EndpointProcess(.download)
            let body = { downloadBody(["2194435302"], ["user_id": $0, "download_images": true]) as String }
            let narrow: [(String, String?)] = [("R2_PREFIX", "users/anna/")]
            expect(try process.post(body("boris"), with: narrow), .pathNotAllowed)
            expect(try process.post(body("anna"), with: [("R2_PREFIX", "")]), .pathNotAllowed)
            #expect(try process.post(body("anna"), with: narrow).json["data"]["success_images"].int == 1)
        }

        @Test func `A repeated article is copied once and reported twice`() throws {
            let fixture = try CopyFixture()
            let urls = try define("TWICE", ["repeated-1.jpg", "repeated-2.jpg"])
            let plain = try fixture.copy(["TWICE", "nobody", "TWICE"]).json["data"]
            #expect(try cdnRequests("repeated-").count == 2)
            #expect(plain["items"].list.map { $0["article"].string } == ["TWICE", "nobody", "TWICE"])
            #expect(plain["items"][0].description == plain["items"][2].description)
            #expect(plain["items"][1]["error"].string == "Product not found")
            #expect(plain["total_images"].int == 4)
            #expect(plain["success_images"].int == 4)
            try fixture.expectStored(plain["items"].list, [urls, [], urls])
        }
    }
}
