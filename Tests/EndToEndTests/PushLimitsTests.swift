import Foundation
import Testing

extension EndToEnd {
    /// Quotas of items, rate limits, warnings and turns.
    @Suite struct PushLimits {
        @Test func `A quota in each of Ozon's forms is RATE_LIMITED, and concerns that call alone`() throws {
            let stage = try PushStage()
            for status in [400, 403, 422, 429] {
                for form in ["", "-number"] {
                    let (key, client, product) = ("quota-\(status)\(form)", nextClient(), OwnProduct.next())
                    let before = try stage.ozon.standing(product)
                    let body = pushBody(product, client: client, key: key + "@2", ["images": pictures(1)])
                    let answer = try stage.push(body)
                    expect(answer, .rateLimited, key)
                    #expect(answer.json["detail"].string == "item_limit_exceeded")
                    #expect(answer["Retry-After"] == (status == 429 ? "300" : "60"), "\(key)")
                    #expect(try stage.ozon.standing(product) == before)
                    #expect(try stage.ozon.imports(of: client).count == 1, "it isn't repeated")
                    // The same client and key, at once.
                    let next = OwnProduct.next()
                    let passed = try seconds {
                        expectOutcome(
                            try stage.push(pushBody(next, client: client, key: key + "@2")), "unchanged", next, key)
                    }
                    #expect(passed < 0.5, "\(key): \(passed) s")
                }
            }
        }

        @Test func `A quota told by a task's item is RATE_LIMITED too, and nothing was replaced`() throws {
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(1, "over-quota"))
            let before = try Ozon.shared().standing(product)
            let body = pushBody(product, client: client, ["images": sent])
            let answer = try sandbox().site.post(.pushImages, body)
            expect(answer, .rateLimited)
            #expect(answer["Retry-After"] == "60" && answer.json["detail"].string == "item_limit_exceeded")
            #expect(try Ozon.shared().standing(product) == before)
            let other = OwnProduct.next()
            let good = pushBody(other, client: client, ["images": pictures(1)])
            expectOutcome(try sandbox().site.post(.pushImages, good), "confirmed", other, images: 1)
        }

        @Test func `A long rate limit is remembered for its key alone`() throws {
            let handler = try Handler(.download)
            let client = nextClient()
            let limited = downloadBody(["A-1"], client: client, key: "rate-limited-long@1")
            let first = try handler.post(limited)
            expect(first, .rateLimited)
            #expect(first["Retry-After"] == "3600")
            let second = try handler.post(limited)
            expect(second, .rateLimited)
            let wait = try #require(second["Retry-After"].flatMap { Int($0) })
            #expect((50...61).contains(wait), "a minute at most")
            #expect(try sandbox().calls(of: client).count == 1, "the second wasn't sent")
            #expect(try handler.post(downloadBody(["A-1"], client: client, key: "another")).status == 200)
        }

        @Test func `Formats that Ozon doesn't take by link are pushed, with a warning`() throws {
            let (product, client) = (OwnProduct.next(), nextClient())
            let images = ["https://i.example/1.jpg", "https://i.example/2.WEBP?x=1.jpg", "https://i.example/3.png"]
            let color = "https://i.example/c.png"
            let answer = try sandbox().site.post(
                .pushImages, pushBody(product, client: client, ["images": images, "color_image": color]))
            #expect(answer.status == 200 && answer.json["success"].bool == true, "\(answer.text)")
            #expect(answer.json["data"]["updated"]["images"].int == 3)
            #expect(answer.json.names == ["data", "success", "warnings"])
            #expect(
                answer.json["warnings"].description
                    == #"[{"field":"images","index":1,"reason":"Ozon accepts only JPG or PNG by URL","url":"\#(images[1])"},"#
                    + #"{"field":"color_image","reason":"Ozon accepts only JPG by URL","url":"\#(color)"}]"#)
            #expect(try Ozon.shared().imports(of: client)[0]["images"].strings == images)
        }

        @Test func `A carried-over picture at a temporary address is named`() throws {
            let product = try Ozon.shared().named("TEMPORARY")
            let (before, client) = (try Ozon.shared().standing(product), nextClient())
            let body = pushBody(product, client: client, ["color_image": pictures(1)[0]])
            let answer = try sandbox().site.post(.pushImages, body)
            #expect(answer.json["data"]["status"].string == "confirmed", "\(answer.text)")
            let warning = answer.json["warnings"]
            #expect(warning.list.count == 1 && warning[0]["url"].string == before.images[1], "\(answer.text)")
            #expect(warning[0]["field"].string == "images" && !warning[0]["index"].exists)
            #expect(try Ozon.shared().imports(of: client)[0]["images"].strings == before.images)
        }

        @Test func `Two pushes of one product take turns: neither undoes the other's`() throws {
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(2))
            let color = pictures(1)[0]
            let answers = try pushAll([
                pushBody(product, client: client, ["images": sent]),
                pushBody(product, client: client, ["color_image": color]),
            ])
            expectOutcome(answers[0], "confirmed", product, images: 2)
            expectOutcome(answers[1], "confirmed", product, color: true)
            #expect(try Ozon.shared().standing(product) == (sent, color))
            let paths = try Ozon.shared().paths(of: client)
            let second = try #require(paths.lastIndex(of: OzonMethod.list))
            #expect(paths[..<second].contains(OzonMethod.picturesInfo), "the first had ended: \(paths)")
        }

        @Test func `A push whose caller leaves keeps its turn until Ozon has done it; one that waits leaves the line`()
            throws
        {
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(2))
            let never = pictures(1)
            func open(_ more: [String: Any]) throws -> Wire {
                try sandbox().site.open(.pushImages, Array(pushBody(product, client: client, more).utf8))
            }
            var leaving: [Wire] = [try open(["images": sent])]
            try eventually("the import is sent") { try Ozon.shared().imports(of: client).isEmpty ? nil : true }
            leaving.append(try open(["images": never]))
            leaving.removeAll()
            let color = pictures(1)[0]
            let answer = try HTTPAnswer(try open(["color_image": color]).readToEnd())
            expectOutcome(answer, "confirmed", product, color: true)
            let imports = try Ozon.shared().imports(of: client).map { $0["images"].strings }
            #expect(imports == [sent, sent], "the last one read what the first wrote: \(imports)")
        }

        @Test func `Waiting for a turn counts against the budget`() throws {
            let stage = try PushStage(["OZON_PUSH_TIMEOUT": "3"])
            let (product, client) = (OwnProduct.next(), nextClient())
            let body = pushBody(product, client: client, key: "stall", ["images": pictures(1)])
            let passed = try seconds {
                let wires = try (0..<5).map { _ in try stage.stage.site.open(.pushImages, Array(body.utf8)) }
                for wire in wires { expect(try HTTPAnswer(try wire.readToEnd()), .ozonTimeout) }
            }
            #expect(passed < 4, "\(passed) s")
            #expect(try stage.ozon.paths(of: client).count < 10, "those that waited asked for little or nothing")
        }
    }
}
