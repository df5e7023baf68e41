import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The test plan of the push's design.
    @Suite struct PushPlan {
        private func push(_ body: String) throws -> HTTPResponse { try sandbox().client.post(.pushImages, body) }

        @Test func `A push replaces the images`() throws {
            let (product, clientID, sent) = (try OzonStandIn.shared().newProduct(images: 4), newClientID(), pictures(5))
            let color = try OzonStandIn.shared().currentPictures(of: product).color
            let response = try push(pushBody(product, clientID: clientID, ["images": sent]))
            expectOutcome(response, "confirmed", product, images: 5)
            #expect(response.json["data"]["current_images"].strings == sent)
            let after = try OzonStandIn.shared().currentPictures(of: product)
            #expect(after.images == sent, "Ozon has exactly these images, in this order")
            #expect(after.color == color && color != nil)
            let imports = try OzonStandIn.shared().imports(of: clientID)
            #expect(imports.map { $0["images"].strings } == [sent], "one import")
        }

        @Test func `Empty images are not sent, which preserves the product's`() throws {
            for empty in [[], NSNull(), [NSNull(), "", NSNull()]] as [Any] {
                let (product, clientID) = (try OzonStandIn.shared().newProduct(images: 3), newClientID())
                let before = try OzonStandIn.shared().currentPictures(of: product)
                let body = jsonText([
                    "credential": ["client_id": clientID, "api_key": "good"], "product_id": product, "images": empty,
                ])
                let response = try push(body)
                expectOutcome(response, "unchanged", product)
                #expect(response.json["data"]["current_images"].strings == before.images)
                #expect(
                    try OzonStandIn.shared().paths(of: clientID) == [OzonStandIn.Method.list], "nothing is imported")
                #expect(try OzonStandIn.shared().currentPictures(of: product) == before)
            }
        }

        @Test func `Empty images with a color image preserve the product's images`() throws {
            let (product, clientID, color) = (
                try OzonStandIn.shared().newProduct(images: 4), newClientID(), pictures(1)[0]
            )
            let before = try OzonStandIn.shared().currentPictures(of: product)
            let response = try push(
                pushBody(product, clientID: clientID, ["images": [String](), "color_image": color]))
            expectOutcome(response, "confirmed", product, color: true)
            #expect(try OzonStandIn.shared().currentPictures(of: product) == (before.images, color))
            #expect(try OzonStandIn.shared().imports(of: clientID)[0]["images"].strings == before.images)
        }

        @Test func `More than 30 images are truncated to 30, and the rest is reported`() throws {
            let (product, clientID, sent) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(33))
            let response = try push(pushBody(product, clientID: clientID, ["images": sent]))
            expectOutcome(response, "partial", product, images: 30, errors: ["images: Exceeds limit (30)"])
            #expect(try OzonStandIn.shared().currentPictures(of: product).images == Array(sent.prefix(30)))
            #expect(try OzonStandIn.shared().imports(of: clientID)[0]["images"].strings.count == 30)
            let whole = pictures(30)
            expectOutcome(try push(pushBody(product, ["images": whole])), "confirmed", product, images: 30)
        }

        @Test func `Invalid URLs are reported in detail`() throws {
            let clientID = newClientID()
            let sent = ["https://a.example/1.jpg", "https://a.example/2.jpg", "ftp://a.example/3.jpg", "4.jpg"]
            let response = try push(
                pushBody(try OzonStandIn.shared().newProduct(), clientID: clientID, ["images": sent]))
            expect(response, .validationFailed)
            #expect(fieldErrors(response) == ["images[2]: Invalid URL format", "images[3]: Invalid URL format"])
            #expect(response.json["errors"].list.map { $0["url"].string } == Array(sent.suffix(2)))
            #expect(try OzonStandIn.shared().calls(of: clientID).isEmpty, "Ozon is not called")
        }

        @Test func `An unknown product_id is 404`() throws {
            let clientID = newClientID()
            expect(try push(pushBody(999_999_999, clientID: clientID, ["images": pictures(1)])), .productNotFound)
            #expect(try OzonStandIn.shared().paths(of: clientID) == [OzonStandIn.Method.list])
        }

        @Test func `An unauthorized API key is 403`() throws {
            for key in ["invalid-key", "deactivated"] {
                let clientID = newClientID()
                let body = pushBody(
                    try OzonStandIn.shared().newProduct(), clientID: clientID, key: key, ["images": pictures(1)])
                expect(try push(body), .ozonUnauthorized)
                #expect(try OzonStandIn.shared().paths(of: clientID) == [OzonStandIn.Method.list])
            }
        }

        @Test func `A network timeout is retried and then reported`() throws {
            let fixture = try PushFixture(["OZON_PUSH_TIMEOUT": "12", "OZON_PUSH_MAX_RETRIES": "2"])
            // The product list stalls; then the import does.
            let list = OzonStandIn.Method.list, picturesImport = OzonStandIn.Method.picturesImport
            let calls = [
                ("stall", [list, list, list]), ("stall@2+", [list, picturesImport, picturesImport, picturesImport]),
            ].map { (key: $0, paths: $1, clientID: newClientID()) }
            let elapsed = try elapsedSeconds {
                let open = try calls.map { key, _, clientID in
                    let product = try fixture.ozon.newProduct()
                    let body = pushBody(product, clientID: clientID, key: key, ["images": pictures(1)])
                    return try fixture.nginx.client.open(.pushImages, Array(body.utf8))
                }
                for connection in open { expect(try HTTPResponse(try connection.readToEnd()), .ozonTimeout) }
            }
            #expect(elapsed > 11 && elapsed < 20, "the budget is 12 s, and it took \(elapsed) s")
            for (key, paths, clientID) in calls {
                let requested = try fixture.ozon.paths(of: clientID)
                #expect(paths.starts(with: requested) && requested.count >= paths.count - 1, "\(key): \(requested)")
            }
        }

        @Test func `An import that times out is retried and confirmed`() throws {
            let fixture = try PushFixture(["OZON_PUSH_TIMEOUT": "24"])
            let (product, clientID, sent) = (try fixture.ozon.newProduct(), newClientID(), pictures(2))
            let response = try fixture.push(pushBody(product, clientID: clientID, key: "stall@2", ["images": sent]))
            expectOutcome(response, "confirmed", product, images: 2)
            let imports = try fixture.ozon.imports(of: clientID)
            #expect(imports.map { $0["images"].strings } == [sent, sent])
        }
    }
}
