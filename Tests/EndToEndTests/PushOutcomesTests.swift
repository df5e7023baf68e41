import Foundation
import Testing

extension EndToEnd {
    /// What a push comes to, once Ozon's task has ended.
    @Suite struct PushOutcomes {
        private static let missing = "Not among the product's pictures"

        private func push(_ body: String) throws -> HTTPAnswer { try sandbox().site.post(.pushImages, body) }

        @Test func `Confirmed: read what stands, import once, ask for the task, read back`() throws {
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(3))
            let color = pictures(1)[0]
            let answer = try push(pushBody(product, client: client, ["images": sent, "color_image": color]))
            expectOutcome(answer, "confirmed", product, images: 3, color: true)
            #expect(try Ozon.shared().standing(product) == (sent, color))
            let calls = try Ozon.shared().calls(of: client)
            let polls = calls.filter { $0.path == OzonMethod.importInfo }
            #expect(polls.count == 3, "not known yet, pending, imported")
            #expect(
                calls.map(\.path) == [OzonMethod.list, OzonMethod.picturesImport] + polls.map(\.path)
                    + [OzonMethod.picturesInfo])
            #expect(calls[0].body["product_id"].strings == ["\(product)"])
            let item = try #require(calls.first { $0.path == OzonMethod.picturesImport }).body["items"]
            #expect(item.list.count == 1)
            #expect(item[0].names == ["color_image", "images", "offer_id"], "never primary_image")
            #expect(item[0]["offer_id"].string == "A-\(product - 1_000_000)")
            #expect(Set(polls.map { $0.body["task_id"].int }) == [answer.json["data"]["task_id"].int])
        }

        @Test func `Confirmed, though Ozon tells the pictures under its CDN's URLs`() throws {
            let (product, sent) = (OwnProduct.next(images: 2), pictures(3, "rehost"))
            let color = pictures(1, "rehost")[0]
            let answer = try push(pushBody(product, ["images": sent, "color_image": color]))
            expectOutcome(answer, "confirmed", product, images: 3, color: true)
            let current = answer.json["data"]["current_images"].strings
            #expect(current == (try Ozon.shared().standing(product).images))
            #expect(current.count == 3 && Set(current).isDisjoint(with: sent))
        }

        @Test func `Partial: each bad image with Ozon's reason and its index in the caller's list`() throws {
            let (product, client) = (OwnProduct.next(), nextClient())
            let good = pictures(2)
            let (http, decode, color) = (
                pictures(1, "bad-http")[0], pictures(1, "bad-decode")[0], pictures(1, "bad-http")[0]
            )
            let images: [Any] = [NSNull(), http, "", good[0], good[1], decode]
            let answer = try push(pushBody(product, client: client, ["images": images, "color_image": color]))
            expectOutcome(
                answer, "partial", product, images: 2,
                faults: ["images[1]: pics_http_error", "images[5]: pics_cant_decode", "color_image: pics_http_error"])
            #expect(answer.json["errors"].list.map { $0["url"].string } == [http, decode, color])
            #expect(answer.json["data"]["current_images"].strings == good)
            #expect(try Ozon.shared().standing(product) == (good, nil))
            #expect(try Ozon.shared().imports(of: client).map { $0["images"].strings } == [[http] + good + [decode]])
        }

        @Test func `Failed: nothing was replaced, and Ozon's reasons are told`() throws {
            let (product, bad) = (OwnProduct.next(), [pictures(1, "bad-http")[0], pictures(1, "bad-decode")[0]])
            let ozon = try Ozon.shared()
            let failing = try ozon.named("FAIL-IMPORT")
            let before = try (ozon.standing(product), ozon.standing(failing))
            let answers = try pushAll([
                pushBody(product, ["images": bad]),
                pushBody(failing, ["images": pictures(2), "color_image": pictures(1)[0]]),
            ])
            expectOutcome(
                answers[0], "failed", product,
                faults: ["images[0]: pics_http_error", "images[1]: pics_cant_decode"])
            expectOutcome(answers[1], "failed", failing, faults: ["images: all_image_failed"])
            for (answer, before) in zip(answers, [before.0, before.1]) {
                #expect(answer.json["data"]["current_images"].strings == before.images)
            }
            #expect(try ozon.standing(product) == before.0)
        }

        @Test func `Skipped counts as updated: Ozon has these URLs already`() throws {
            let (product, other) = (OwnProduct.next(images: 4), OwnProduct.next(images: 2))
            let before = try Ozon.shared().standing(product)
            let color = try #require(try Ozon.shared().standing(other).color)
            let answers = try pushAll([
                pushBody(product, ["images": before.images]), pushBody(other, ["color_image": color]),
            ])
            expectOutcome(answers[0], "confirmed", product, images: 4)
            expectOutcome(answers[1], "confirmed", other, color: true)
            #expect(try Ozon.shared().standing(product) == before)
        }

        @Test func `A picture that vanished without a word is no success`() throws {
            let products = [OwnProduct.next(), OwnProduct.next(), OwnProduct.next(), OwnProduct.next()]
            let (gone, hosted) = (pictures(1, "vanish")[0], pictures(1, "rehost")[0])
            let answers = try pushAll([
                pushBody(products[0], ["images": [pictures(1)[0], gone, pictures(1)[0]]]),
                pushBody(products[1], ["images": [hosted, gone]]), pushBody(products[2], ["images": [gone]]),
                pushBody(products[3], ["color_image": gone]),
            ])
            expectOutcome(answers[0], "partial", products[0], images: 2, faults: ["images[1]: \(Self.missing)"])
            #expect(answers[0].json["errors"][0]["url"].string == gone)
            expectOutcome(
                answers[1], "partial", products[1], images: 1, faults: ["images: \(Self.missing) (1 of 2)"],
                "which one, the CDN's URLs don't tell")
            expectOutcome(answers[2], "partial", products[2], faults: ["images[0]: \(Self.missing)"])
            expectOutcome(answers[3], "partial", products[3], faults: ["color_image: \(Self.missing)"])
            for (answer, count) in zip(answers, [2, 1, 0, 3]) {
                #expect(answer.json["data"]["current_images"].strings.count == count)
            }
        }

        @Test func `What was taken along and lost is told too`() throws {
            let (bad, vanishing) = try (Ozon.shared().named("LOSES-BAD"), Ozon.shared().named("LOSES"))
            let color = pictures(1)[0]
            let answers = try pushAll([
                pushBody(bad, ["color_image": color]), pushBody(vanishing, ["color_image": color]),
            ])
            expectOutcome(answers[0], "partial", bad, color: true, faults: ["images: pics_http_error"])
            #expect(answers[0].json["errors"][0]["url"].string?.hasSuffix("/bad-http-0.jpg") == true)
            expectOutcome(answers[1], "partial", vanishing, color: true, faults: ["images: \(Self.missing) (1 of 3)"])
        }

        @Test func `A color image that was taken along and lost is told too`() throws {
            let product = try Ozon.shared().named("LOSES-COLOR")
            let answer = try push(pushBody(product, ["images": pictures(2)]))
            expectOutcome(answer, "partial", product, images: 2, faults: ["color_image: \(Self.missing)"])
        }

        @Test func `The same URL twice is no loss`() throws {
            let (product, sent) = (OwnProduct.next(), pictures(2))
            let answer = try push(pushBody(product, ["images": [sent[0], sent[1], sent[0]]]))
            expectOutcome(answer, "confirmed", product, images: 3)
        }

        @Test func `Unchanged: with nothing to push, not even an archived product is refused`() throws {
            let (product, client) = (try Ozon.shared().named("ARCHIVED"), nextClient())
            expectOutcome(try push(pushBody(product, client: client, ["color_image": ""])), "unchanged", product)
            #expect(try Ozon.shared().paths(of: client) == [OzonMethod.list])
        }
    }
}
