import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The outcomes of a push whose task has ended.
    @Suite struct PushOutcomes {
        private static let missing = "Not among the product's pictures"

        private func push(_ body: String) throws -> HTTPResponse { try sandbox().client.post(.pushImages, body) }

        @Test func `A confirmed push reads the pictures, imports once, polls the task and reads back`() throws {
            let (product, clientID, sent) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(3))
            let color = pictures(1)[0]
            let response = try push(pushBody(product, clientID: clientID, ["images": sent, "color_image": color]))
            expectOutcome(response, "confirmed", product, images: 3, color: true)
            #expect(try OzonStandIn.shared().currentPictures(of: product) == (sent, color))
            let calls = try OzonStandIn.shared().calls(of: clientID)
            let polls = calls.filter { $0.path == OzonStandIn.Method.importInfo }
            #expect(polls.count == 3, "unknown, pending, imported")
            #expect(
                calls.map(\.path) == [OzonStandIn.Method.list, OzonStandIn.Method.picturesImport] + polls.map(\.path)
                    + [OzonStandIn.Method.picturesInfo])
            #expect(calls[0].body["product_id"].strings == ["\(product)"])
            let item = try #require(calls.first { $0.path == OzonStandIn.Method.picturesImport }).body["items"]
            #expect(item.list.count == 1)
            #expect(item[0].names == ["color_image", "images", "offer_id"], "never primary_image")
            #expect(try item[0]["offer_id"].string == OzonStandIn.shared().offerID(of: product))
            #expect(Set(polls.map { $0.body["task_id"].int }) == [response.json["data"]["task_id"].int])
        }

        @Test func `A push is confirmed even if Ozon returns its CDN's URLs`() throws {
            let (product, sent) = (try OzonStandIn.shared().newProduct(images: 2), pictures(3, "rehost"))
            let color = pictures(1, "rehost")[0]
            let response = try push(pushBody(product, ["images": sent, "color_image": color]))
            expectOutcome(response, "confirmed", product, images: 3, color: true)
            let current = response.json["data"]["current_images"].strings
            #expect(current == (try OzonStandIn.shared().currentPictures(of: product).images))
            #expect(current.count == 3 && Set(current).isDisjoint(with: sent))
        }

        @Test func `A partial push lists each bad image with Ozon's reason and its index in the request`() throws {
            let (product, clientID) = (try OzonStandIn.shared().newProduct(), newClientID())
            let good = pictures(2)
            let (http, decode, color) = (
                pictures(1, "bad-http")[0], pictures(1, "bad-decode")[0], pictures(1, "bad-http")[0]
            )
            let images: [Any] = [NSNull(), http, "", good[0], good[1], decode]
            let response = try push(pushBody(product, clientID: clientID, ["images": images, "color_image": color]))
            expectOutcome(
                response, "partial", product, images: 2,
                errors: ["images[1]: pics_http_error", "images[5]: pics_cant_decode", "color_image: pics_http_error"])
            #expect(response.json["errors"].list.map { $0["url"].string } == [http, decode, color])
            #expect(response.json["data"]["current_images"].strings == good)
            #expect(try OzonStandIn.shared().currentPictures(of: product) == (good, nil))
            #expect(
                try OzonStandIn.shared().imports(of: clientID).map { $0["images"].strings } == [
                    [http] + good + [decode]
                ])
        }

        @Test func `A failed push replaces nothing and lists Ozon's reasons`() throws {
            let (product, bad) = (
                try OzonStandIn.shared().newProduct(), [pictures(1, "bad-http")[0], pictures(1, "bad-decode")[0]]
            )
            let ozon = try OzonStandIn.shared()
            let failing = try ozon.productID(of: "FAIL-IMPORT")
            let before = try (ozon.currentPictures(of: product), ozon.currentPictures(of: failing))
            let responses = try pushAll([
                pushBody(product, ["images": bad]),
                pushBody(failing, ["images": pictures(2), "color_image": pictures(1)[0]]),
            ])
            expectOutcome(
                responses[0], "failed", product,
                errors: ["images[0]: pics_http_error", "images[1]: pics_cant_decode"])
            expectOutcome(responses[1], "failed", failing, errors: ["images: all_image_failed"])
            for (response, before) in zip(responses, [before.0, before.1]) {
                #expect(response.json["data"]["current_images"].strings == before.images)
            }
            #expect(try ozon.currentPictures(of: product) == before.0)
        }

        @Test func `A skipped push counts as confirmed, because Ozon already has these URLs`() throws {
            let (product, other) = (
                try OzonStandIn.shared().newProduct(images: 4), try OzonStandIn.shared().newProduct(images: 2)
            )
            let before = try OzonStandIn.shared().currentPictures(of: product)
            let color = try #require(try OzonStandIn.shared().currentPictures(of: other).color)
            let responses = try pushAll([
                pushBody(product, ["images": before.images]), pushBody(other, ["color_image": color]),
            ])
            expectOutcome(responses[0], "confirmed", product, images: 4)
            expectOutcome(responses[1], "confirmed", other, color: true)
            #expect(try OzonStandIn.shared().currentPictures(of: product) == before)
        }

        @Test func `A picture that disappears without an error is not a success`() throws {
            let products = [
                try OzonStandIn.shared().newProduct(), try OzonStandIn.shared().newProduct(),
                try OzonStandIn.shared().newProduct(), try OzonStandIn.shared().newProduct(),
            ]
            let (gone, hosted) = (pictures(1, "vanish")[0], pictures(1, "rehost")[0])
            let responses = try pushAll([
                pushBody(products[0], ["images": [pictures(1)[0], gone, pictures(1)[0]]]),
                pushBody(products[1], ["images": [hosted, gone]]), pushBody(products[2], ["images": [gone]]),
                pushBody(products[3], ["color_image": gone]),
            ])
            expectOutcome(responses[0], "partial", products[0], images: 2, errors: ["images[1]: \(Self.missing)"])
            #expect(responses[0].json["errors"][0]["url"].string == gone)
            expectOutcome(
                responses[1], "partial", products[1], images: 1, errors: ["images: \(Self.missing) (1 of 2)"],
                "the CDN's URLs do not identify it")
            expectOutcome(responses[2], "partial", products[2], errors: ["images[0]: \(Self.missing)"])
            expectOutcome(responses[3], "partial", products[3], errors: ["color_image: \(Self.missing)"])
            for (response, count) in zip(responses, [2, 1, 0, 3]) {
                #expect(response.json["data"]["current_images"].strings.count == count)
            }
        }

        @Test func `Carried-over pictures that are lost are reported`() throws {
            let (bad, vanishing) = try (
                OzonStandIn.shared().productID(of: "LOSES-BAD"), OzonStandIn.shared().productID(of: "LOSES")
            )
            let color = pictures(1)[0]
            let responses = try pushAll([
                pushBody(bad, ["color_image": color]), pushBody(vanishing, ["color_image": color]),
            ])
            expectOutcome(responses[0], "partial", bad, color: true, errors: ["images: pics_http_error"])
            #expect(responses[0].json["errors"][0]["url"].string?.hasSuffix("/bad-http-0.jpg") == true)
            expectOutcome(responses[1], "partial", vanishing, color: true, errors: ["images: \(Self.missing) (1 of 3)"])
        }

        @Test func `A carried-over color image that is lost is reported`() throws {
            let product = try OzonStandIn.shared().productID(of: "LOSES-COLOR")
            let response = try push(pushBody(product, ["images": pictures(2)]))
            expectOutcome(response, "partial", product, images: 2, errors: ["color_image: \(Self.missing)"])
        }

        @Test func `A repeated URL is not reported as lost`() throws {
            let (product, sent) = (try OzonStandIn.shared().newProduct(), pictures(2))
            let response = try push(pushBody(product, ["images": [sent[0], sent[1], sent[0]]]))
            expectOutcome(response, "confirmed", product, images: 3)
        }

        @Test func `Without pictures the push is unchanged, even for an archived product`() throws {
            let (product, clientID) = (try OzonStandIn.shared().productID(of: "ARCHIVED"), newClientID())
            expectOutcome(try push(pushBody(product, clientID: clientID, ["color_image": ""])), "unchanged", product)
            #expect(try OzonStandIn.shared().paths(of: clientID) == [OzonStandIn.Method.list])
        }
    }
}
