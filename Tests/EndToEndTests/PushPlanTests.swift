import Foundation
import Testing

extension EndToEnd {
    /// The testing plan of the push's design, row by row.
    @Suite struct PushPlan {
        private func push(_ body: String) throws -> HTTPAnswer { try sandbox().site.post(.pushImages, body) }

        @Test func `Normal push: successfully updates images array`() throws {
            let (product, client, sent) = (OwnProduct.next(images: 4), nextClient(), pictures(5))
            let color = try Ozon.shared().standing(product).color
            let answer = try push(pushBody(product, client: client, ["images": sent]))
            expectOutcome(answer, "confirmed", product, images: 5)
            #expect(answer.json["data"]["current_images"].strings == sent)
            let after = try Ozon.shared().standing(product)
            #expect(after.images == sent, "Ozon has these, in this order, and no other")
            #expect(after.color == color && color != nil)
            let imports = try Ozon.shared().imports(of: client)
            #expect(imports.map { $0["images"].strings } == [sent], "one import")
        }

        @Test func `Empty images: field not sent (preserves original)`() throws {
            for empty in [[], NSNull(), [NSNull(), "", NSNull()]] as [Any] {
                let (product, client) = (OwnProduct.next(images: 3), nextClient())
                let before = try Ozon.shared().standing(product)
                let body = jsonText([
                    "credential": ["client_id": client, "api_key": "good"], "product_id": product, "images": empty,
                ])
                let answer = try push(body)
                expectOutcome(answer, "unchanged", product)
                #expect(answer.json["data"]["current_images"].strings == before.images)
                #expect(try Ozon.shared().paths(of: client) == [OzonMethod.list], "nothing is imported")
                #expect(try Ozon.shared().standing(product) == before)
            }
        }

        @Test func `Empty images with a color image: the images are preserved`() throws {
            let (product, client, color) = (OwnProduct.next(images: 4), nextClient(), pictures(1)[0])
            let before = try Ozon.shared().standing(product)
            let answer = try push(pushBody(product, client: client, ["images": [String](), "color_image": color]))
            expectOutcome(answer, "confirmed", product, color: true)
            #expect(try Ozon.shared().standing(product) == (before.images, color))
            #expect(try Ozon.shared().imports(of: client)[0]["images"].strings == before.images)
        }

        @Test func `>30 images: automatically truncated to 30, and the rest reported`() throws {
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(33))
            let answer = try push(pushBody(product, client: client, ["images": sent]))
            expectOutcome(answer, "partial", product, images: 30, faults: ["images: Exceeds limit (30)"])
            #expect(try Ozon.shared().standing(product).images == Array(sent.prefix(30)))
            #expect(try Ozon.shared().imports(of: client)[0]["images"].strings.count == 30)
            let whole = pictures(30)
            expectOutcome(try push(pushBody(product, ["images": whole])), "confirmed", product, images: 30)
        }

        @Test func `Invalid URL: returns detailed error report`() throws {
            let client = nextClient()
            let sent = ["https://a.example/1.jpg", "https://a.example/2.jpg", "ftp://a.example/3.jpg", "4.jpg"]
            let answer = try push(pushBody(OwnProduct.next(), client: client, ["images": sent]))
            expect(answer, .validationFailed)
            #expect(faults(answer) == ["images[2]: Invalid URL format", "images[3]: Invalid URL format"])
            #expect(answer.json["errors"].list.map { $0["url"].string } == Array(sent.suffix(2)))
            #expect(try Ozon.shared().calls(of: client).isEmpty, "nothing is asked, nothing sent")
        }

        @Test func `Non-existent product_id: returns 404 error`() throws {
            let client = nextClient()
            expect(try push(pushBody(999_999_999, client: client, ["images": pictures(1)])), .productNotFound)
            #expect(try Ozon.shared().paths(of: client) == [OzonMethod.list])
        }

        @Test func `Unauthorized API key: returns 403 error`() throws {
            for key in ["invalid-key", "deactivated"] {
                let client = nextClient()
                let body = pushBody(OwnProduct.next(), client: client, key: key, ["images": pictures(1)])
                expect(try push(body), .ozonUnauthorized)
                #expect(try Ozon.shared().paths(of: client) == [OzonMethod.list])
            }
        }

        @Test func `Network timeout: retry then return timeout error`() throws {
            let stage = try PushStage(["OZON_PUSH_TIMEOUT": "3", "OZON_PUSH_MAX_RETRIES": "2"])
            // The product list stalls; then the import; then all that follows the product list, after one good import.
            let list = OzonMethod.list, picturesImport = OzonMethod.picturesImport
            for (key, paths) in [
                ("stall", [list, list, list]), ("stall@2+", [list, picturesImport, picturesImport, picturesImport]),
            ] {
                let client = nextClient()
                let body = pushBody(OwnProduct.next(), client: client, key: key, ["images": pictures(1)])
                let passed = try seconds { expect(try stage.push(body), .ozonTimeout, key) }
                #expect(passed > 2 && passed < 4, "\(key): budget 3 s and 1 s, it took \(passed) s")
                let asked = try stage.ozon.paths(of: client)
                #expect(paths.starts(with: asked) && asked.count >= paths.count - 1, "\(key): \(asked)")
            }
        }

        @Test func `Network timeout: an import that timed out is repeated, and confirmed`() throws {
            let stage = try PushStage(["OZON_PUSH_TIMEOUT": "9"])
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(2))
            let answer = try stage.push(pushBody(product, client: client, key: "stall@2", ["images": sent]))
            expectOutcome(answer, "confirmed", product, images: 2)
            let imports = try stage.ozon.imports(of: client)
            #expect(imports.map { $0["images"].strings } == [sent, sent])
        }
    }
}
