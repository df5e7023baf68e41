import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// ozon-download: article numbers in, image URLs out.
    @Suite struct Download {
        private func items(_ response: HTTPResponse) -> [JSONValue] { response.json["data"]["items"].list }

        private func post(_ body: String) throws -> HTTPResponse { try sandbox().client.post(.download, body) }

        @Test func `An article's images are listed once each, the primary one first, with counts`() throws {
            let response = try post(downloadBody(["2194435300"]))
            let names = (8_388_316_998...8_388_317_002).map { "\($0).jpg" }
            #expect(response.status == 200)
            #expect(response.json["success"].bool == true)
            #expect(response.json.names == ["data", "success"])
            let data = response.json["data"]
            let totals = ["failed_images", "processed", "success_images", "total_articles", "total_images"]
            #expect(totals.map { data[$0].int } == [0, 1, 0, 1, 5])
            #expect(data.names == totals.prefix(1) + ["items"] + totals.dropFirst())
            let item = items(response)[0]
            #expect(item["article"].string == "2194435300")
            #expect(item["product_id"].int == 123)
            #expect(item["status"].string == "success")
            #expect(["total_images", "success_images", "failed_images"].map { item[$0].int } == [5, 0, 0])
            #expect(item["urls"].strings.map { URL(string: $0)?.lastPathComponent } == names)
            #expect(!item["uploads"].exists)
        }

        @Test func `One call to Ozon contains up to 1000 articles`() throws {
            for (count, calls) in [(1, [1]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])] {
                let clientID = newClientID()
                let articles = (1...count).map { "A-\($0)" }
                let response = try post(downloadBody(articles, clientID: clientID))
                #expect(response.status == 200)
                #expect(items(response).map { $0["article"].string } == articles)
                #expect(items(response).allSatisfy { $0["status"].string == "success" })
                #expect(items(response).map { $0["product_id"].int } == (1...count).map { 1_000_000 + $0 })
                let requested = try sandbox().requestedIDs(by: clientID)
                #expect(requested.map(\.count).sorted(by: >) == calls)
                #expect(Set(requested.joined()) == Set(articles))
            }
        }

        @Test func `Order and repetitions are kept, and a repeated article is requested once`() throws {
            let clientID = newClientID()
            let articles = ["A-3", "A-1", "nobody", "A-3", "A-2", "A-3", "nobody"]
            let response = try post(downloadBody(articles, clientID: clientID))
            #expect(items(response).map { $0["article"].string } == articles)
            #expect(items(response).map { $0["total_images"].int } == [4, 2, 0, 4, 3, 4, 0])
            #expect(response.json["data"]["total_images"].int == 17)
            #expect(response.json["data"]["processed"].int == 7)
            #expect(try sandbox().requestedIDs(by: clientID) == [["A-3", "A-1", "nobody", "A-2"]])
        }

        @Test func `An unknown article fails without affecting others`() throws {
            let response = try post(downloadBody(["A-1", "nobody"]))
            #expect(response.json["success"].bool == true)
            let item = items(response)[1]
            #expect(item["error"].string == "Product not found")
            #expect(item["status"].string == "failed")
            #expect(item["urls"].value as? [String] == [])
            #expect(!item["product_id"].exists)
        }

        @Test func `Articles are matched byte by byte`() throws {
            let clientID = newClientID()
            let near = ["a-1", "A-1 ", " A-1", "A-01", "A-1\u{0}", "Ａ-1", "A-1\u{301}", "2194435300x"]
            let response = try post(downloadBody(near, clientID: clientID))
            #expect(response.status == 200)
            #expect(items(response).map { $0["error"].string } == near.map { _ in "Product not found" })
            #expect(try sandbox().requestedIDs(by: clientID) == [near])
        }

        @Test func `Products are found by product_id and by sku`() throws {
            for (field, number) in [("product_id", "123"), ("sku", "456")] {
                let clientID = newClientID()
                let response = try post(downloadBody([number, "0\(number)"], clientID: clientID, ["field": field]))
                #expect(items(response).map { $0["product_id"].int } == [123, 123])
                #expect(items(response).map { $0["article"].string } == [number, "0\(number)"])
                #expect(try sandbox().requestedIDs(by: clientID, field) == [[number]])
            }
        }

        @Test func `An article that is not a valid number fails and is not sent`() throws {
            let bad = ["abc", "0", "-1", "+1", "1.5", "1e3", " 1", "1\n", "99999999999999999999", "١٢٣"]
            for field in ["product_id", "sku"] {
                let clientID = newClientID()
                let number = field == "sku" ? "456" : "123"
                let response = try post(downloadBody(bad + [number], clientID: clientID, ["field": field]))
                #expect(items(response).map { $0["error"].string } == bad.map { _ in "Must be an integer" } + [nil])
                #expect(try sandbox().requestedIDs(by: clientID, field) == [[number]])
                let none = try post(downloadBody(bad, clientID: clientID, ["field": field]))
                #expect(none.status == 200)
                #expect(none.json["data"]["processed"].int == bad.count)
                #expect(try sandbox().calls(of: clientID).count == 1, "no article was left to request")
            }
        }

        @Test func `If one of several calls fails, only its articles fail`() throws {
            let clientID = newClientID()
            let articles = (1...1000).map { "A-\($0)" } + ["FAULT-500"] + (1001...1005).map { "A-\($0)" }
            let response = try post(downloadBody(articles, clientID: clientID))
            #expect(response.status == 200)
            #expect(response.json["success"].bool == true)
            #expect(items(response).prefix(1000).allSatisfy { $0["status"].string == "success" })
            #expect(
                items(response).dropFirst(1000).map { $0["error"].string }
                    == (0..<6).map { _ in "Ozon API unavailable" })
            #expect(try sandbox().requestedIDs(by: clientID).map(\.count).sorted() == [6, 6, 6, 1000])
        }

        @Test func `If every call fails or one rejects the credential, the request fails`() throws {
            let thousand = (1...999).map { "A-\($0)" }
            // The first failure counts. The other call is retried before it fails.
            expect(try post(downloadBody(["FAULT-HTML"] + thousand + ["FAULT-500", "A-1000"])), .ozonBadAnswer)
            let rejected = (1...1000).map { "A-\($0)" } + ["FAULT-FORBIDDEN"]
            expect(try post(downloadBody(rejected)), .ozonUnauthorized)
        }

        @Test func `Pictures are read from every shape that Ozon uses`() throws {
            let response = try post(
                downloadBody(["STRINGS", "NO-PRIMARY-REPEAT", "NO-IMAGES", "ARCHIVED", "NOT-CREATED", "BIG-50"]))
            #expect(items(response).map { $0["status"].string } == (0..<6).map { _ in "success" })
            #expect(items(response).map { $0["urls"].strings.count } == [3, 4, 0, 2, 2, 50])
            for item in items(response) { #expect(Set(item["urls"].strings).count == item["total_images"].int) }
        }

        @Test func `A malformed item fails only its article`() throws {
            for field in ["id", "images", "primary_image"] {
                for change in ["lacks", "null", "retyped", "mixed"] where change != "mixed" || field != "id" {
                    // All items of one call are malformed, so either that call's 1000 or 1 articles fail.
                    let (clientID, articles) = (newClientID(), (1...1000).map { "A-\($0)" } + ["2194435300"])
                    let key = "\(change)-\(field)@1"
                    let response = try post(downloadBody(articles, clientID: clientID, key: key))
                    #expect(
                        response.status == 200 && response.json["success"].bool == true, "\(key): \(response.status)")
                    let failed = items(response).filter { $0["status"].string == "failed" }
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

        @Test func `An image whose URL is not http or https fails without affecting others`() throws {
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

        @Test func `A product is found by each of its SKUs, with or without leading zeros`() throws {
            let product = try OzonStandIn.shared().productID(of: "SEVERAL-SKUS")
            let response = try post(downloadBody(["4000001", "456", "04000002", "1"], ["field": "sku"]))
            #expect(items(response).map { $0["product_id"].int } == [product, 123, product, nil])
            #expect(items(response)[3]["error"].string == "Product not found")
        }

        @Test func `By default the server copies the images and returns the public URLs of the copies`() throws {
            for more in [["download_images": true], ["download_images": NSNull()]] {
                let response = try post(downloadBody(["FORMATS"], more))
                let item = items(response)[0]
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
            let response = try http("GET", port: UInt16(try #require(parts.port)), parts.percentEncodedPath)
            #expect(response.status == 200)
            return response.body
        }
    }
}
