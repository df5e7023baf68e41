import Foundation
import Testing

extension EndToEnd {
    /// What reaches Ozon, by its own record; and what never does.
    @Suite struct PushSent {
        private func push(_ body: String) throws -> HTTPAnswer { try sandbox().site.post(.pushImages, body) }

        /// The one import by that client.
        private func sent(_ client: String) throws -> JSONValue {
            let imports = try Ozon.shared().imports(of: client)
            #expect(imports.count == 1)
            return try #require(imports.first)
        }

        @Test func `What the caller left out is sent along as it stood, and never primary_image`() throws {
            struct Case {
                let product: Int
                let images: [String]?
                let color: String?
            }
            // STRINGS tells single pictures as plain texts, NO-PRIMARY-REPEAT its primary image only once.
            let named = { try Ozon.shared().named($0) }
            let (none, strings) = (try named("NO-IMAGES"), try named("STRINGS"))
            let once = try named("NO-PRIMARY-REPEAT")
            let cases = [
                Case(product: OwnProduct.next(images: 4), images: pictures(2), color: nil),
                Case(product: OwnProduct.next(images: 4), images: nil, color: pictures(1)[0]),
                Case(product: OwnProduct.next(images: 2, color: false), images: pictures(1), color: nil),
                Case(product: OwnProduct.next(images: 2, color: false), images: nil, color: pictures(1)[0]),
                Case(product: OwnProduct.next(), images: pictures(1), color: pictures(1)[0]),
                Case(product: none, images: nil, color: pictures(1)[0]),
                Case(product: strings, images: nil, color: pictures(1)[0]),
                Case(product: strings, images: pictures(2), color: nil),
                Case(product: once, images: nil, color: pictures(1)[0]),
            ]
            for group in [Array(cases.filter { $0.product != strings }), [cases[6]], [cases[7]]] {
                let before = try group.map { try Ozon.shared().standing($0.product) }
                let clients = group.map { _ in nextClient() }
                let answers = try pushAll(
                    zip(group, clients).map { row, client in
                        pushBody(
                            row.product, client: client,
                            ["images": row.images as Any? ?? NSNull(), "color_image": row.color as Any? ?? NSNull()])
                    })
                for index in group.indices {
                    let (row, before) = (group[index], before[index])
                    let (images, color) = (row.images ?? before.images, row.color ?? before.color)
                    expectOutcome(
                        answers[index], "confirmed", row.product, images: row.images?.count ?? 0,
                        color: row.color != nil)
                    let item = try sent(clients[index])
                    #expect(item["images"].strings == images, "\(row)")
                    #expect(item["color_image"].string == color, "\(row)")
                    #expect(!item["primary_image"].exists, "\(row)")
                    #expect(try Ozon.shared().standing(row.product) == (images, color), "\(row)")
                }
            }
        }

        @Test func `A product archived or not yet created is 409 before anything is sent`() throws {
            for name in ["ARCHIVED", "NOT-CREATED"] {
                let product = try Ozon.shared().named(name)
                let client = nextClient()
                let answer = try push(pushBody(product, client: client, ["images": pictures(1)]))
                expect(answer, .productConflict)
                #expect(answer.json["detail"].string == "The product is archived or not yet created")
                #expect(try Ozon.shared().paths(of: client) == [OzonMethod.list])
            }
        }

        @Test func `If what stands can't be read, nothing is sent`() throws {
            let keys = [
                "internal", "reset", "truncated", "html-200", "html-502", "bad-json", "empty-200", "wrong-shape",
                "conflict", "retired", "invalid-key", "rate-limited-long", "bad-request",
            ]
            for key in keys {
                let (product, client) = (OwnProduct.next(), nextClient())
                let before = try Ozon.shared().standing(product)
                let answer = try push(pushBody(product, client: client, key: key, ["color_image": pictures(1)[0]]))
                #expect(answer.status >= 400, "\(key)")
                #expect(Set(try Ozon.shared().paths(of: client)) == [OzonMethod.list], "\(key)")
                #expect(try Ozon.shared().standing(product) == before, "\(key)")
            }
        }

        @Test func `refetch adds a query to each URL that is pushed, and to no other`() throws {
            let (product, other, client) = (OwnProduct.next(), OwnProduct.next(), nextClient())
            let before = try Ozon.shared().standing(product)
            let start = Int(Date().timeIntervalSince1970)
            let urls = ["https://a.example/1.jpg", "https://a.example/2.jpg?x=1", "https://a.example/3.jpg#f?"]
            let answers = try pushAll([
                pushBody(product, client: client, ["images": urls, "refetch": true]),
                pushBody(other, ["images": pictures(1), "color_image": pictures(1)[0], "refetch": true]),
            ])
            expectOutcome(answers[0], "confirmed", product, images: 3)
            expectOutcome(answers[1], "confirmed", other, images: 1, color: true)
            let item = try sent(client)
            let images = item["images"].strings
            let mark = try #require(images[0].split(separator: "=").last.flatMap { Int($0) })
            #expect(mark >= start && mark <= start + 30)
            #expect(
                images == [
                    "https://a.example/1.jpg?v=\(mark)", "https://a.example/2.jpg?x=1&v=\(mark)",
                    "https://a.example/3.jpg?v=\(mark)#f?",
                ])
            #expect(item["color_image"].string == before.color && before.color != nil)
            #expect(try Ozon.shared().standing(other).color?.hasSuffix(".jpg") == false)
        }

        @Test func `refetch: a bad image is told by the caller's URL`() throws {
            let (product, bad) = (OwnProduct.next(), pictures(1, "bad-http")[0])
            let answer = try push(pushBody(product, ["images": pictures(1) + [bad], "refetch": true]))
            expectOutcome(answer, "partial", product, images: 1, faults: ["images[1]: pics_http_error"])
            #expect(answer.json["errors"][0]["url"].string == bad)
        }

        @Test func `OZON_MAX_IMAGES is the limit, and bad URLs don't count`() throws {
            let stage = try PushStage(["OZON_MAX_IMAGES": "2"])
            let (product, client, good) = (OwnProduct.next(), nextClient(), pictures(3))
            let images: [Any] = [NSNull(), "bad", good[0], good[1], "", good[2]]
            let answer = try stage.push(pushBody(product, client: client, ["images": images, "on_invalid": "skip"]))
            expectOutcome(
                answer, "partial", product, images: 2,
                faults: ["images[1]: Invalid URL format", "images: Exceeds limit (2)"])
            #expect(try sent(client)["images"].strings == Array(good.prefix(2)))
        }

        @Test func `OZON_PUSH_VALIDATE_URLS=false switches off the look at URLs, and nothing else`() throws {
            let stage = try PushStage(["OZON_PUSH_VALIDATE_URLS": "false", "OZON_MAX_IMAGES": "2"])
            let (product, client) = (OwnProduct.next(), nextClient())
            let images: [Any] = ["", "r2://bucket/é 1.jpg", NSNull(), "2.jpg", "3.jpg"]
            let answer = try stage.push(pushBody(product, client: client, ["images": images]))
            expectOutcome(answer, "partial", product, images: 2, faults: ["images: Exceeds limit (2)"])
            #expect(try sent(client)["images"].strings == ["r2://bucket/é 1.jpg", "2.jpg"])
            let refused = try stage.push(pushBody(product, ["images": [5]]))
            expect(refused, .validationFailed)
            #expect(faults(refused) == ["images[0]: Must be a string"])
        }
    }
}
