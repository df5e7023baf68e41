import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The calls that reach Ozon, by the stand-in's record.
    @Suite struct PushRequests {
        private func push(_ body: String) throws -> HTTPResponse { try sandbox().client.post(.pushImages, body) }

        /// The only import with this Client-Id.
        private func sent(_ clientID: String) throws -> JSONValue {
            let imports = try OzonStandIn.shared().imports(of: clientID)
            #expect(imports.count == 1)
            return try #require(imports.first)
        }

        @Test func `Omitted fields are carried over, and primary_image is never sent`() throws {
            struct Case {
                let product: Int
                let images: [String]?
                let color: String?
            }
            // If the name starts with STRINGS, single pictures are strings instead of lists. NO-PRIMARY-REPEAT has its
            // primary image only once.
            let name = "STRINGS-\(newClientID())"
            let images = (0..<3).map { "\(name)-\($0).jpg" }
            let strings = try OzonStandIn.shared().define(name, images, color: "\(name)-color.jpg").productID
            let none = try OzonStandIn.shared().productID(of: "NO-IMAGES")
            let once = try OzonStandIn.shared().productID(of: "NO-PRIMARY-REPEAT")
            let cases = [
                Case(product: try OzonStandIn.shared().newProduct(images: 4), images: pictures(2), color: nil),
                Case(product: try OzonStandIn.shared().newProduct(images: 4), images: nil, color: pictures(1)[0]),
                Case(
                    product: try OzonStandIn.shared().newProduct(images: 2, color: false), images: pictures(1),
                    color: nil),
                Case(
                    product: try OzonStandIn.shared().newProduct(images: 2, color: false), images: nil,
                    color: pictures(1)[0]),
                Case(product: try OzonStandIn.shared().newProduct(), images: pictures(1), color: pictures(1)[0]),
                Case(product: none, images: nil, color: pictures(1)[0]),
                Case(product: strings, images: nil, color: pictures(1)[0]),
                Case(product: strings, images: pictures(2), color: nil),
                Case(product: once, images: nil, color: pictures(1)[0]),
            ]
            for group in [Array(cases.filter { $0.product != strings }), [cases[6]], [cases[7]]] {
                let before = try group.map { try OzonStandIn.shared().currentPictures(of: $0.product) }
                let clientIDs = group.map { _ in newClientID() }
                let responses = try pushAll(
                    zip(group, clientIDs).map { row, clientID in
                        pushBody(
                            row.product, clientID: clientID,
                            ["images": row.images as Any? ?? NSNull(), "color_image": row.color as Any? ?? NSNull()])
                    })
                for index in group.indices {
                    let (row, before) = (group[index], before[index])
                    let (images, color) = (row.images ?? before.images, row.color ?? before.color)
                    expectOutcome(
                        responses[index], "confirmed", row.product, images: row.images?.count ?? 0,
                        color: row.color != nil)
                    let item = try sent(clientIDs[index])
                    #expect(item["images"].strings == images, "\(row)")
                    #expect(item["color_image"].string == color, "\(row)")
                    #expect(!item["primary_image"].exists, "\(row)")
                    #expect(try OzonStandIn.shared().currentPictures(of: row.product) == (images, color), "\(row)")
                }
            }
        }

        @Test func `A product that is archived or not created is 409, and nothing is sent`() throws {
            for name in ["ARCHIVED", "NOT-CREATED"] {
                let product = try OzonStandIn.shared().productID(of: name)
                let clientID = newClientID()
                let response = try push(pushBody(product, clientID: clientID, ["images": pictures(1)]))
                expect(response, .productConflict)
                #expect(response.json["detail"].string == "The product is archived or not yet created")
                #expect(try OzonStandIn.shared().paths(of: clientID) == [OzonStandIn.Method.list])
            }
        }

        @Test func `If the current pictures cannot be read, nothing is sent`() throws {
            let keys = [
                "internal", "reset", "truncated", "html-200", "html-502", "bad-json", "empty-200", "wrong-shape",
                "conflict", "retired", "invalid-key", "rate-limited-long", "bad-request",
            ]
            for key in keys {
                let (product, clientID) = (try OzonStandIn.shared().newProduct(), newClientID())
                let before = try OzonStandIn.shared().currentPictures(of: product)
                let response = try push(
                    pushBody(product, clientID: clientID, key: key, ["color_image": pictures(1)[0]]))
                #expect(response.status >= 400, "\(key)")
                #expect(Set(try OzonStandIn.shared().paths(of: clientID)) == [OzonStandIn.Method.list], "\(key)")
                #expect(try OzonStandIn.shared().currentPictures(of: product) == before, "\(key)")
            }
        }

        @Test func `refetch adds a query to each URL that is pushed and to no other`() throws {
            let (product, other, clientID) = (
                try OzonStandIn.shared().newProduct(), try OzonStandIn.shared().newProduct(), newClientID()
            )
            let before = try OzonStandIn.shared().currentPictures(of: product)
            let start = Int(Date().timeIntervalSince1970)
            let urls = ["https://a.example/1.jpg", "https://a.example/2.jpg?x=1", "https://a.example/3.jpg#f?"]
            let responses = try pushAll([
                pushBody(product, clientID: clientID, ["images": urls, "refetch": true]),
                pushBody(other, ["images": pictures(1), "color_image": pictures(1)[0], "refetch": true]),
            ])
            expectOutcome(responses[0], "confirmed", product, images: 3)
            expectOutcome(responses[1], "confirmed", other, images: 1, color: true)
            let item = try sent(clientID)
            let images = item["images"].strings
            let mark = try #require(images[0].split(separator: "=").last.flatMap { Int($0) })
            #expect(mark >= start && mark <= start + 30)
            #expect(
                images == [
                    "https://a.example/1.jpg?v=\(mark)", "https://a.example/2.jpg?x=1&v=\(mark)",
                    "https://a.example/3.jpg?v=\(mark)#f?",
                ])
            #expect(item["color_image"].string == before.color && before.color != nil)
            #expect(try OzonStandIn.shared().currentPictures(of: other).color?.hasSuffix(".jpg") == false)
        }

        @Test func `With refetch a bad image is reported with the caller's URL`() throws {
            let (product, bad) = (try OzonStandIn.shared().newProduct(), pictures(1, "bad-http")[0])
            let response = try push(pushBody(product, ["images": pictures(1) + [bad], "refetch": true]))
            expectOutcome(response, "partial", product, images: 1, errors: ["images[1]: pics_http_error"])
            #expect(response.json["errors"][0]["url"].string == bad)
        }

        @Test func `OZON_MAX_IMAGES is the limit, and invalid URLs do not count`() throws {
            let fixture = try PushFixture(["OZON_MAX_IMAGES": "2"])
            let (product, clientID, good) = (try fixture.ozon.newProduct(), newClientID(), pictures(3))
            let images: [Any] = [NSNull(), "bad", good[0], good[1], "", good[2]]
            let response = try fixture.push(
                pushBody(product, clientID: clientID, ["images": images, "on_invalid": "skip"]))
            expectOutcome(
                response, "partial", product, images: 2,
                errors: ["images[1]: Invalid URL format", "images: Exceeds limit (2)"])
            #expect(try sent(clientID)["images"].strings == Array(good.prefix(2)))
        }

        @Test func `OZON_PUSH_VALIDATE_URLS=false disables the check of URLs and no other check`() throws {
            let fixture = try PushFixture(["OZON_PUSH_VALIDATE_URLS": "false", "OZON_MAX_IMAGES": "2"])
            let (product, clientID) = (try fixture.ozon.newProduct(), newClientID())
            let images: [Any] = ["", "r2://bucket/é 1.jpg", NSNull(), "2.jpg", "3.jpg"]
            let response = try fixture.push(pushBody(product, clientID: clientID, ["images": images]))
            expectOutcome(response, "partial", product, images: 2, errors: ["images: Exceeds limit (2)"])
            #expect(try sent(clientID)["images"].strings == ["r2://bucket/é 1.jpg", "2.jpg"])
            let rejected = try fixture.push(pushBody(product, ["images": [5]]))
            expect(rejected, .validationFailed)
            #expect(fieldErrors(rejected) == ["images[0]: Must be a string"])
        }
    }
}
