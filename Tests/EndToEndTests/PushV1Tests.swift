import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// OZON_PICTURES_API=v1: one call with the product_id, to a stand-in that still has this method.
    @Suite struct PushV1 {
        private func fixture(_ settings: [String: String] = [:]) throws -> PushFixture {
            try PushFixture(settings.merging(["OZON_PICTURES_API": "v1"]) { $1 }, ozonOptions: ["--v1"])
        }

        @Test func `All fields are sent in one call, and then read back`() throws {
            let fixture = try fixture()
            let (product, clientID) = (try fixture.ozon.newProduct(), newClientID())
            let (images, images360, color) = (pictures(3), pictures(2), pictures(1)[0])
            let response = try fixture.push(
                pushBody(product, clientID: clientID, ["images": images, "images360": images360, "color_image": color]))
            expectOutcome(response, "confirmed", product, images: 3, images360: 2, color: true)
            #expect(response.json["data"]["current_images"].strings == images)
            #expect(!response.json["data"]["task_id"].exists)
            #expect(try fixture.ozon.currentPictures(of: product) == (images, color))
            let calls = try fixture.ozon.calls(of: clientID)
            #expect(
                calls.map(\.path) == [
                    OzonStandIn.Method.list, OzonStandIn.Method.picturesImportV1, OzonStandIn.Method.picturesInfo,
                ])
            let body = calls[1].body
            #expect(body.names == ["color_image", "images", "images360", "product_id"])
            #expect(body["product_id"].int == product)
            #expect(body["images"].strings == images)
            #expect(body["images360"].strings == images360)
            #expect(body["color_image"].string == color)
        }

        @Test func `Omitted fields are carried over, except images360, which Ozon keeps`() throws {
            let fixture = try fixture()
            let (product, color) = (try fixture.ozon.newProduct(), pictures(1)[0])
            let before = try fixture.ozon.currentPictures(of: product)
            for (sent, images, set) in [
                (["color_image": color], 0, (before.images, color)),
                (["images": ["https://a.example/1.jpg"]], 1, (["https://a.example/1.jpg"], color)),
            ] as [([String: Any], Int, ([String], String))] {
                let clientID = newClientID()
                expectOutcome(
                    try fixture.push(pushBody(product, clientID: clientID, sent)), "confirmed", product, images: images,
                    color: images == 0)
                let body = try fixture.ozon.calls(of: clientID)[1].body
                #expect(body.names == ["color_image", "images", "product_id"])
                #expect(body["images"].strings == set.0)
                #expect(body["color_image"].string == set.1)
                #expect(try fixture.ozon.currentPictures(of: product) == (set.0, set.1))
            }
        }

        @Test func `images360 alone are pushed, up to 70`() throws {
            let fixture = try fixture()
            let (product, clientID, sent) = (try fixture.ozon.newProduct(), newClientID(), pictures(72))
            let before = try fixture.ozon.currentPictures(of: product)
            let response = try fixture.push(pushBody(product, clientID: clientID, ["images360": sent]))
            expectOutcome(response, "partial", product, images360: 70, errors: ["images360: Exceeds limit (70)"])
            #expect(try fixture.ozon.calls(of: clientID)[1].body["images360"].strings == Array(sent.prefix(70)))
            #expect(try fixture.ozon.currentPictures(of: product) == before)
        }

        @Test func `Each bad picture is reported with field, index and reason`() throws {
            let fixture = try fixture()
            let product = try fixture.ozon.newProduct()
            let (good, bad, bad360) = (pictures(1)[0], pictures(1, "bad-http")[0], pictures(1, "bad-decode")[0])
            let images: [Any] = ["", bad, good]
            let response = try fixture.push(
                pushBody(product, ["images": images, "images360": [good, bad360], "color_image": bad]))
            expectOutcome(
                response, "partial", product, images: 1, images360: 1,
                errors: [
                    "images[1]: pics_http_error", "color_image: pics_http_error", "images360[1]: Refused by Ozon",
                ])
            #expect(response.json["errors"].list.map { $0["url"].string } == [bad, bad, bad360])
            let gone = try fixture.push(pushBody(product, ["images": [good, pictures(1, "vanish")[0]]]))
            expectOutcome(
                gone, "partial", product, images: 1, errors: ["images[1]: Not among the product's pictures"])
        }

        @Test func `Everything else is as with v2: unchanged, 400, 404, 409, refetch`() throws {
            let fixture = try fixture()
            let clientID = newClientID()
            expectOutcome(try fixture.push(pushBody(123, clientID: clientID)), "unchanged", 123)
            expect(
                try fixture.push(pushBody(999_999_999, clientID: clientID, ["images": pictures(1)])), .productNotFound)
            let archived = try fixture.ozon.productID(of: "ARCHIVED")
            expect(try fixture.push(pushBody(archived, clientID: clientID, ["images": pictures(1)])), .productConflict)
            expect(try fixture.push(pushBody(123, clientID: clientID, ["images360": ["x"]])), .validationFailed)
            #expect(Set(try fixture.ozon.paths(of: clientID)) == [OzonStandIn.Method.list])
            let (product, sender) = (try fixture.ozon.newProduct(), newClientID())
            let response = try fixture.push(
                pushBody(
                    product, clientID: sender,
                    ["images": ["https://a.example/1.jpg"], "images360": ["https://a.example/2.jpg"], "refetch": true]))
            expectOutcome(response, "confirmed", product, images: 1, images360: 1)
            let body = try fixture.ozon.calls(of: sender)[1].body
            for field in ["images", "images360"] { #expect(body[field].strings[0].contains(".jpg?v=1")) }
        }

        @Test func `If Ozon has retired v1, the push is OZON_METHOD_RETIRED after one call`() throws {
            let fixture = try PushFixture(["OZON_PICTURES_API": "v1"])
            let clientID = newClientID()
            let response = try fixture.push(
                pushBody(try fixture.ozon.newProduct(), clientID: clientID, ["images": pictures(1)]))
            expect(response, .ozonMethodRetired)
            #expect(
                try fixture.ozon.paths(of: clientID) == [OzonStandIn.Method.list, OzonStandIn.Method.picturesImportV1])
        }

        @Test func `OZON_PICTURES_PATH is the path of the v1 method`() throws {
            let fixture = try fixture(["OZON_PICTURES_PATH": "/v1/product/pictures"])
            let clientID = newClientID()
            let response = try fixture.push(
                pushBody(try fixture.ozon.newProduct(), clientID: clientID, ["images": pictures(1)]))
            expect(response, .ozonBadAnswer, "the stand-in's response to an unknown method is plain text")
            #expect(try fixture.ozon.paths(of: clientID) == [OzonStandIn.Method.list, "/v1/product/pictures"])
        }
    }
}
