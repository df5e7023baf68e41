import Foundation
import Testing

extension EndToEnd {
    /// OZON_PICTURES_API=v1: the first design's one call, keyed by product_id, against a stand-in that still has it.
    @Suite struct PushV1 {
        private func stage(_ settings: [String: String] = [:]) throws -> PushStage {
            try PushStage(settings.merging(["OZON_PICTURES_API": "v1"]) { $1 }, ozonOptions: ["--v1"])
        }

        @Test func `One call with all of it, then the read-back`() throws {
            let stage = try stage()
            let (product, client) = (OwnProduct.next(), nextClient())
            let (images, images360, color) = (pictures(3), pictures(2), pictures(1)[0])
            let answer = try stage.push(
                pushBody(product, client: client, ["images": images, "images360": images360, "color_image": color]))
            expectOutcome(answer, "confirmed", product, images: 3, images360: 2, color: true)
            #expect(answer.json["data"]["current_images"].strings == images)
            #expect(!answer.json["data"]["task_id"].exists)
            #expect(try stage.ozon.standing(product) == (images, color))
            let calls = try stage.ozon.calls(of: client)
            #expect(calls.map(\.path) == [OzonMethod.list, OzonMethod.picturesImportV1, OzonMethod.picturesInfo])
            let body = calls[1].body
            #expect(body.names == ["color_image", "images", "images360", "product_id"])
            #expect(body["product_id"].int == product)
            #expect(body["images"].strings == images)
            #expect(body["images360"].strings == images360)
            #expect(body["color_image"].string == color)
        }

        @Test func `What the caller left out is sent along, and no images360: those stay as they are`() throws {
            let stage = try stage()
            let (product, color) = (OwnProduct.next(), pictures(1)[0])
            let before = try stage.ozon.standing(product)
            for (sent, images, set) in [
                (["color_image": color], 0, (before.images, color)),
                (["images": ["https://a.example/1.jpg"]], 1, (["https://a.example/1.jpg"], color)),
            ] as [([String: Any], Int, ([String], String))] {
                let client = nextClient()
                expectOutcome(
                    try stage.push(pushBody(product, client: client, sent)), "confirmed", product, images: images,
                    color: images == 0)
                let body = try stage.ozon.calls(of: client)[1].body
                #expect(body.names == ["color_image", "images", "product_id"])
                #expect(body["images"].strings == set.0)
                #expect(body["color_image"].string == set.1)
                #expect(try stage.ozon.standing(product) == (set.0, set.1))
            }
        }

        @Test func `images360 alone are pushed, the first 70 of them`() throws {
            let stage = try stage()
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(72))
            let before = try stage.ozon.standing(product)
            let answer = try stage.push(pushBody(product, client: client, ["images360": sent]))
            expectOutcome(answer, "partial", product, images360: 70, faults: ["images360: Exceeds limit (70)"])
            #expect(try stage.ozon.calls(of: client)[1].body["images360"].strings == Array(sent.prefix(70)))
            #expect(try stage.ozon.standing(product) == before)
        }

        @Test func `Each bad picture is named, by field, index and reason`() throws {
            let stage = try stage()
            let product = OwnProduct.next()
            let (good, bad, bad360) = (pictures(1)[0], pictures(1, "bad-http")[0], pictures(1, "bad-decode")[0])
            let images: [Any] = ["", bad, good]
            let answer = try stage.push(
                pushBody(product, ["images": images, "images360": [good, bad360], "color_image": bad]))
            expectOutcome(
                answer, "partial", product, images: 1, images360: 1,
                faults: [
                    "images[1]: pics_http_error", "color_image: pics_http_error", "images360[1]: Rejected by Ozon",
                ])
            #expect(answer.json["errors"].list.map { $0["url"].string } == [bad, bad, bad360])
            let gone = try stage.push(pushBody(product, ["images": [good, pictures(1, "vanish")[0]]]))
            expectOutcome(
                gone, "partial", product, images: 1, faults: ["images[1]: Not among the product's pictures"])
        }

        @Test func `All else is as under v2: unchanged, 400, 404, 409, refetch`() throws {
            let stage = try stage()
            let client = nextClient()
            expectOutcome(try stage.push(pushBody(123, client: client)), "unchanged", 123)
            expect(try stage.push(pushBody(999_999_999, client: client, ["images": pictures(1)])), .productNotFound)
            let archived = try stage.ozon.named("ARCHIVED")
            expect(try stage.push(pushBody(archived, client: client, ["images": pictures(1)])), .productConflict)
            expect(try stage.push(pushBody(123, client: client, ["images360": ["x"]])), .validationFailed)
            #expect(Set(try stage.ozon.paths(of: client)) == [OzonMethod.list])
            let (product, sender) = (OwnProduct.next(), nextClient())
            let answer = try stage.push(
                pushBody(
                    product, client: sender,
                    ["images": ["https://a.example/1.jpg"], "images360": ["https://a.example/2.jpg"], "refetch": true]))
            expectOutcome(answer, "confirmed", product, images: 1, images360: 1)
            let body = try stage.ozon.calls(of: sender)[1].body
            for field in ["images", "images360"] { #expect(body[field].strings[0].contains(".jpg?v=1")) }
        }

        @Test func `An Ozon that has retired v1 is OZON_METHOD_RETIRED, asked once`() throws {
            let stage = try PushStage(["OZON_PICTURES_API": "v1"])
            let client = nextClient()
            let answer = try stage.push(pushBody(OwnProduct.next(), client: client, ["images": pictures(1)]))
            expect(answer, .ozonMethodRetired)
            #expect(try stage.ozon.paths(of: client) == [OzonMethod.list, OzonMethod.picturesImportV1])
        }

        @Test func `OZON_PICTURES_PATH is where v1 goes`() throws {
            let stage = try stage(["OZON_PICTURES_PATH": "/v1/product/pictures"])
            let client = nextClient()
            let answer = try stage.push(pushBody(OwnProduct.next(), client: client, ["images": pictures(1)]))
            expect(answer, .ozonBadAnswer, "the stand-in has no such method, and says so in plain text")
            #expect(try stage.ozon.paths(of: client) == [OzonMethod.list, "/v1/product/pictures"])
        }
    }
}
