import Foundation
import Testing

extension EndToEnd {
    /// ozon-download: article numbers in, image URLs out.
    @Suite struct Download {
        private func items(_ answer: HTTPAnswer) -> [JSONValue] { answer.json["data"]["items"].list }

        private func post(_ body: String) throws -> HTTPAnswer { try sandbox().site.post(.download, body) }

        @Test func `An article's images come primary first, each once, with its counts`() throws {
            let answer = try post(downloadBody(["2194435300"]))
            let names = (8_388_316_998...8_388_317_002).map { "\($0).jpg" }
            #expect(answer.status == 200)
            #expect(answer.json["success"].bool == true)
            #expect(answer.json.names == ["data", "success"])
            let data = answer.json["data"]
            let totals = ["failed_images", "processed", "success_images", "total_articles", "total_images"]
            #expect(totals.map { data[$0].int } == [0, 1, 0, 1, 5])
            #expect(data.names == totals.prefix(1) + ["items"] + totals.dropFirst())
            let item = items(answer)[0]
            #expect(item["article"].string == "2194435300")
            #expect(item["product_id"].int == 123)
            #expect(item["status"].string == "success")
            #expect(["total_images", "success_images", "failed_images"].map { item[$0].int } == [5, 0, 0])
            #expect(item["urls"].strings.map { URL(string: $0)?.lastPathComponent } == names)
            #expect(!item["uploads"].exists)
        }

        @Test func `One call asks for 1000 articles, and more calls for more`() throws {
            for (count, calls) in [(1, [1]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])] {
                let client = nextClient()
                let articles = (1...count).map { "A-\($0)" }
                let answer = try post(downloadBody(articles, client: client))
                #expect(answer.status == 200)
                #expect(items(answer).map { $0["article"].string } == articles)
                #expect(items(answer).allSatisfy { $0["status"].string == "success" })
                #expect(items(answer).map { $0["product_id"].int } == (1...count).map { 1_000_000 + $0 })
                let asked = try sandbox().asked(by: client)
                #expect(asked.map(\.count).sorted(by: >) == calls)
                #expect(Set(asked.joined()) == Set(articles))
            }
        }

        @Test func `Order and repeats are kept, and a repeated article is asked for once`() throws {
            let client = nextClient()
            let articles = ["A-3", "A-1", "nobody", "A-3", "A-2", "A-3", "nobody"]
            let answer = try post(downloadBody(articles, client: client))
            #expect(items(answer).map { $0["article"].string } == articles)
            #expect(items(answer).map { $0["total_images"].int } == [4, 2, 0, 4, 3, 4, 0])
            #expect(answer.json["data"]["total_images"].int == 17)
            #expect(answer.json["data"]["processed"].int == 7)
            #expect(try sandbox().asked(by: client) == [["A-3", "A-1", "nobody", "A-2"]])
        }

        @Test func `An unknown article fails alone`() throws {
            let answer = try post(downloadBody(["A-1", "nobody"]))
            #expect(answer.json["success"].bool == true)
            let item = items(answer)[1]
            #expect(item["error"].string == "Product not found")
            #expect(item["status"].string == "failed")
            #expect(item["urls"].value as? [String] == [])
            #expect(!item["product_id"].exists)
        }

        @Test func `Articles are matched byte by byte`() throws {
            let client = nextClient()
            let near = ["a-1", "A-1 ", " A-1", "A-01", "A-1\u{0}", "Ａ-1", "A-1\u{301}", "2194435300x"]
            let answer = try post(downloadBody(near, client: client))
            #expect(answer.status == 200)
            #expect(items(answer).map { $0["error"].string } == near.map { _ in "Product not found" })
            #expect(try sandbox().asked(by: client) == [near])
        }

        @Test func `Products are found by product_id and by sku`() throws {
            for (field, number) in [("product_id", "123"), ("sku", "456")] {
                let client = nextClient()
                let answer = try post(downloadBody([number, "0\(number)"], client: client, ["field": field]))
                #expect(items(answer).map { $0["product_id"].int } == [123, 123])
                #expect(items(answer).map { $0["article"].string } == [number, "0\(number)"])
                #expect(try sandbox().asked(by: client, field) == [[number]])
            }
        }

        @Test func `What can't be a number of that kind fails alone and isn't sent`() throws {
            let bad = ["abc", "0", "-1", "+1", "1.5", "1e3", " 1", "1\n", "99999999999999999999", "١٢٣"]
            for field in ["product_id", "sku"] {
                let client = nextClient()
                let number = field == "sku" ? "456" : "123"
                let answer = try post(downloadBody(bad + [number], client: client, ["field": field]))
                #expect(items(answer).map { $0["error"].string } == bad.map { _ in "Must be an integer" } + [nil])
                #expect(try sandbox().asked(by: client, field) == [[number]])
                let none = try post(downloadBody(bad, client: client, ["field": field]))
                #expect(none.status == 200)
                #expect(none.json["data"]["processed"].int == bad.count)
                #expect(try sandbox().calls(of: client).count == 1, "nothing was left to ask")
            }
        }

        @Test func `If one of several calls fails its articles fail, and the others go on`() throws {
            let client = nextClient()
            let articles = (1...1000).map { "A-\($0)" } + ["FAULT-500"] + (1001...1005).map { "A-\($0)" }
            let answer = try post(downloadBody(articles, client: client))
            #expect(answer.status == 200)
            #expect(answer.json["success"].bool == true)
            #expect(items(answer).prefix(1000).allSatisfy { $0["status"].string == "success" })
            #expect(
                items(answer).dropFirst(1000).map { $0["error"].string } == (0..<6).map { _ in "Ozon API unavailable" })
            #expect(try sandbox().asked(by: client).map(\.count).sorted() == [6, 6, 6, 1000])
        }

        @Test func `If every call fails, or one refuses the credential, the whole call fails`() throws {
            let thousand = (1...999).map { "A-\($0)" }
            // The first failure counts; the other call is repeated before it fails.
            expect(try post(downloadBody(["FAULT-HTML"] + thousand + ["FAULT-500", "A-1000"])), .ozonBadAnswer)
            let refused = (1...1000).map { "A-\($0)" } + ["FAULT-FORBIDDEN"]
            expect(try post(downloadBody(refused)), .ozonUnauthorized)
        }

        @Test func `Whatever shape Ozon gives the pictures`() throws {
            let answer = try post(
                downloadBody(["STRINGS", "NO-PRIMARY-REPEAT", "NO-IMAGES", "ARCHIVED", "NOT-CREATED", "BIG-50"]))
            #expect(items(answer).map { $0["status"].string } == (0..<6).map { _ in "success" })
            #expect(items(answer).map { $0["urls"].strings.count } == [3, 4, 0, 2, 2, 50])
            for item in items(answer) { #expect(Set(item["urls"].strings).count == item["total_images"].int) }
        }

        @Test func `A row that can't be read fails its article, and no other`() throws {
            for field in ["id", "images", "primary_image"] {
                for change in ["lacks", "null", "retyped", "mixed"] where change != "mixed" || field != "id" {
                    // Every row is changed, so the articles of the other call show that only rows failed.
                    let (client, articles) = (nextClient(), (1...1000).map { "A-\($0)" } + ["2194435300"])
                    let key = "\(change)-\(field)@1"
                    let answer = try post(downloadBody(articles, client: client, key: key))
                    #expect(answer.status == 200 && answer.json["success"].bool == true, "\(key): \(answer.status)")
                    let failed = items(answer).filter { $0["status"].string == "failed" }
                    #expect(failed.count == 1000 || failed.count == 1, "\(key): \(failed.count)")
                    #expect(Set(failed.map { $0["error"].string }) == ["Ozon API gave an unusable answer"], "\(key)")
                }
            }
            let one = try post(downloadBody(["2194435300", "NOBODY"], key: "retyped-images"))
            let errors = items(one).map { $0["error"].string }
            #expect(errors == ["Ozon API gave an unusable answer", "Product not found"])
            let copied = try post(downloadBody(["2194435300"], key: "lacks-images", ["download_images": true]))
            #expect(items(copied)[0]["error"].string == "Ozon API gave an unusable answer")
            #expect(
                items(try post(downloadBody(["2194435300"], key: "lacks-color_image")))[0]["status"].string == "success"
            )
        }

        @Test func `An image whose URL isn't http or https fails alone, whoever would fetch it`() throws {
            let urls = [
                "ftp://h.example/a.jpg", "javascript://h/%0Aalert(1)", "https:///a.jpg", "https://h.example/a.jpg",
            ]
            try define("OTHER-SCHEMES", urls)
            for presign in [false, true] {
                let item = items(try post(downloadBody(["OTHER-SCHEMES"], ["presign": presign])))[0]
                #expect(item["urls"].strings == [urls[3]])
                #expect(item["errors"].list.map { $0["url"].string } == urls.dropLast())
                #expect(Set(item["errors"].list.map { $0["reason"].string }) == ["Invalid URL format"])
                #expect(item["uploads"].list.map { $0["url"].string } == (presign ? [urls[3]] : []))
            }
        }

        @Test func `Any of a product's SKUs finds it, in whatever spelling`() throws {
            let product = try Ozon.shared().named("SEVERAL-SKUS")
            let answer = try post(downloadBody(["4000001", "456", "04000002", "1"], ["field": "sku"]))
            #expect(items(answer).map { $0["product_id"].int } == [product, 123, product, nil])
            #expect(items(answer)[3]["error"].string == "Product not found")
        }

        @Test func `Unless told otherwise the server copies, and answers the public URLs of what it stored`() throws {
            for more in [["download_images": true], ["download_images": NSNull()]] {
                let answer = try post(downloadBody(["FORMATS"], more))
                let item = items(answer)[0]
                #expect(["total_images", "success_images", "failed_images"].map { item[$0].int } == [3, 3, 0])
                let ozon = items(try post(downloadBody(["FORMATS"])))[0]["urls"].strings
                let base = try sandbox().settings["R2_PUBLIC_BASE"] ?? ""
                for (copy, original) in zip(item["urls"].strings, ozon) {
                    #expect(copy.hasPrefix("\(base)/users/test-user/ozon/FORMATS/"))
                    #expect(try fetched(copy) == fetched(original))
                }
                #expect(item["urls"].strings.count == 3)
            }
        }

        private func fetched(_ url: String) throws -> [UInt8] {
            let parts = try #require(URLComponents(string: url))
            let answer = try http("GET", port: UInt16(try #require(parts.port)), parts.percentEncodedPath)
            #expect(answer.status == 200)
            return answer.body
        }
    }
}
