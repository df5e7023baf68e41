import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Item quotas, rate limits, warnings, and concurrent pushes of one product.
    @Suite struct PushLimits {
        @Test func `An exhausted quota in each of Ozon's forms is RATE_LIMITED and affects only that call`() throws {
            let fixture = try PushFixture()
            for status in [400, 403, 422, 429] {
                for form in ["", "-number"] {
                    let (key, clientID, product) = (
                        "quota-\(status)\(form)", newClientID(), try fixture.ozon.newProduct()
                    )
                    let before = try fixture.ozon.currentPictures(of: product)
                    let body = pushBody(product, clientID: clientID, key: key + "@2", ["images": pictures(1)])
                    let response = try fixture.push(body)
                    expect(response, .rateLimited, key)
                    #expect(response.json["detail"].string == "item_limit_exceeded")
                    #expect(response["Retry-After"] == (status == 429 ? "1500" : "60"), "\(key)")
                    #expect(try fixture.ozon.currentPictures(of: product) == before)
                    #expect(try fixture.ozon.imports(of: clientID).count == 1, "it is not retried")
                    // The next push with the same credential is not delayed.
                    let next = try fixture.ozon.newProduct()
                    let elapsed = try elapsedSeconds {
                        expectOutcome(
                            try fixture.push(pushBody(next, clientID: clientID, key: key + "@2")), "unchanged", next,
                            key)
                    }
                    #expect(elapsed < 15, "\(key): \(elapsed) s")
                }
            }
        }

        @Test func `An exhausted quota reported by a task's item is RATE_LIMITED, and nothing is replaced`() throws {
            let (product, clientID, sent) = (
                try OzonStandIn.shared().newProduct(), newClientID(), pictures(1, "over-quota")
            )
            let before = try OzonStandIn.shared().currentPictures(of: product)
            let body = pushBody(product, clientID: clientID, ["images": sent])
            let response = try sandbox().client.post(.pushImages, body)
            expect(response, .rateLimited)
            #expect(response["Retry-After"] == "60" && response.json["detail"].string == "item_limit_exceeded")
            #expect(try OzonStandIn.shared().currentPictures(of: product) == before)
            let other = try OzonStandIn.shared().newProduct()
            let good = pushBody(other, clientID: clientID, ["images": pictures(1)])
            expectOutcome(try sandbox().client.post(.pushImages, good), "confirmed", other, images: 1)
        }

        @Test func `A long rate limit applies to its key only`() throws {
            let process = try EndpointProcess(.download)
            let clientID = newClientID()
            let limited = downloadBody(["A-1"], clientID: clientID, key: "rate-limited-long@1")
            let first = try process.post(limited)
            expect(first, .rateLimited)
            #expect(first["Retry-After"] == "3600")
            let second = try process.post(limited)
            expect(second, .rateLimited)
            let wait = try #require(second["Retry-After"].flatMap { Int($0) })
            #expect((50...61).contains(wait), "at most a minute")
            #expect(try sandbox().calls(of: clientID).count == 1, "the second call was not sent")
            #expect(try process.post(downloadBody(["A-1"], clientID: clientID, key: "another")).status == 200)
        }

        @Test func `Formats that Ozon does not accept by link are pushed with a warning`() throws {
            let (product, clientID) = (try OzonStandIn.shared().newProduct(), newClientID())
            let images = ["https://i.example/1.jpg", "https://i.example/2.WEBP?x=1.jpg", "https://i.example/3.png"]
            let color = "https://i.example/c.png"
            let response = try sandbox().client.post(
                .pushImages, pushBody(product, clientID: clientID, ["images": images, "color_image": color]))
            #expect(response.status == 200 && response.json["success"].bool == true, "\(response.text)")
            #expect(response.json["data"]["updated"]["images"].int == 3)
            #expect(response.json.names == ["data", "success", "warnings"])
            #expect(
                response.json["warnings"].description
                    == #"[{"field":"images","index":1,"reason":"Ozon accepts only JPG or PNG by URL","#
                    + #""url":"\#(images[1])"},"#
                    + #"{"field":"color_image","reason":"Ozon accepts only JPG by URL","url":"\#(color)"}]"#)
            #expect(try OzonStandIn.shared().imports(of: clientID)[0]["images"].strings == images)
        }

        @Test func `A carried-over picture at a temporary address causes a warning`() throws {
            let product = try OzonStandIn.shared().productID(of: "TEMPORARY")
            let (before, clientID) = (try OzonStandIn.shared().currentPictures(of: product), newClientID())
            let body = pushBody(product, clientID: clientID, ["color_image": pictures(1)[0]])
            let response = try sandbox().client.post(.pushImages, body)
            #expect(response.json["data"]["status"].string == "confirmed", "\(response.text)")
            let warning = response.json["warnings"]
            #expect(warning.list.count == 1 && warning[0]["url"].string == before.images[1], "\(response.text)")
            #expect(warning[0]["field"].string == "images" && !warning[0]["index"].exists)
            #expect(try OzonStandIn.shared().imports(of: clientID)[0]["images"].strings == before.images)
        }

        @Test func `Two pushes of the same product run one after the other and keep each other's changes`() throws {
            let (product, clientID, sent) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(2))
            let color = pictures(1)[0]
            let responses = try pushAll([
                pushBody(product, clientID: clientID, ["images": sent]),
                pushBody(product, clientID: clientID, ["color_image": color]),
            ])
            expectOutcome(responses[0], "confirmed", product, images: 2)
            expectOutcome(responses[1], "confirmed", product, color: true)
            #expect(try OzonStandIn.shared().currentPictures(of: product) == (sent, color))
            let paths = try OzonStandIn.shared().paths(of: clientID)
            let second = try #require(paths.lastIndex(of: OzonStandIn.Method.list))
            #expect(paths[..<second].contains(OzonStandIn.Method.picturesInfo), "the first push had ended: \(paths)")
        }

        @Test func `A push whose caller disconnects finishes if its import was sent, and is dropped if it was waiting`()
            throws
        {
            let (product, clientID, sent) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(2))
            let never = pictures(1)
            func open(_ more: [String: Any], key: String = "good") throws -> SocketConnection {
                let body = pushBody(product, clientID: clientID, key: key, more)
                return try sandbox().client.open(.pushImages, Array(body.utf8))
            }
            // The first poll of its task is slow, so that it still runs when the others arrive.
            var leaving: [SocketConnection] = [try open(["images": sent], key: "slow-6s@3")]
            try eventually("the import is sent") { try OzonStandIn.shared().imports(of: clientID).isEmpty ? nil : true }
            leaving.append(try open(["images": never]))
            leaving.removeAll()
            let color = pictures(1)[0]
            let response = try HTTPResponse(try open(["color_image": color]).readToEnd())
            expectOutcome(response, "confirmed", product, color: true)
            let imports = try OzonStandIn.shared().imports(of: clientID).map { $0["images"].strings }
            #expect(imports == [sent, sent], "the last push read what the first one wrote: \(imports)")
        }

        @Test func `Waiting for another push counts against the budget`() throws {
            let fixture = try PushFixture(["OZON_PUSH_TIMEOUT": "8"])
            let (product, clientID) = (try fixture.ozon.newProduct(), newClientID())
            let body = pushBody(product, clientID: clientID, key: "stall", ["images": pictures(1)])
            let elapsed = try elapsedSeconds {
                let connections = try (0..<5).map { _ in try fixture.nginx.client.open(.pushImages, Array(body.utf8)) }
                for connection in connections { expect(try HTTPResponse(try connection.readToEnd()), .ozonTimeout) }
            }
            #expect(elapsed < 15, "two budgets are 16 s, and it took \(elapsed) s")
            #expect(try fixture.ozon.paths(of: clientID).count < 10, "those that waited made few calls")
        }
    }
}
