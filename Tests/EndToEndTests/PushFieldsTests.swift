import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The fields of ozon-push-images.
    @Suite struct PushFields {
        private func push(_ body: String) throws -> HTTPResponse { try sandbox().client.post(.pushImages, body) }

        /// Expects 400 with exactly these errors, and no call to Ozon.
        private func expectErrors(
            _ more: [String: Any], _ reasons: [String], at location: SourceLocation = #_sourceLocation
        ) throws {
            let clientID = newClientID()
            let response = try push(pushBody(123, clientID: clientID, more))
            expect(response, .validationFailed, at: location)
            #expect(fieldErrors(response) == reasons, sourceLocation: location)
            #expect(
                try OzonStandIn.shared().calls(of: clientID).isEmpty, "Ozon was called", sourceLocation: location)
        }

        @Test func `All invalid fields are listed, in their order`() throws {
            let many = (1...71).map { "https://a.example/\($0).jpg" }
            try expectErrors(
                [
                    "credential": ["client_id": "1 2"], "product_id": "x", "images": ["a", 5] + many,
                    "images360": many + ["b"], "color_image": "c", "on_invalid": "ask", "refetch": 1,
                ],
                [
                    "credential.client_id: Invalid characters", "credential.api_key: Field required",
                    "product_id: Must be an integer", "images[0]: Invalid URL format", "images[1]: Must be a string",
                    "images: Exceeds limit (30)", "images360[71]: Invalid URL format",
                    "images360: Not supported by Ozon since 2026-07-10", "color_image: Invalid URL format",
                    "on_invalid: Must be one of reject, skip", "refetch: Must be true or false",
                ])
        }

        @Test func `Required fields are required and have a type`() throws {
            let none = try push("{}")
            #expect(fieldErrors(none) == ["credential: Field required", "product_id: Field required"])
            for (value, reason) in [
                (0, "Must be between 1 and \(Int.max)"), (-5, "Must be between 1 and \(Int.max)"),
                (1.5, "Must be an integer"), (true, "Must be an integer"), ("", "Must be an integer"),
                ("12a", "Must be an integer"), (NSNull(), "Field required"),
            ] as [(Any, String)] {
                try expectErrors(["product_id": value], ["product_id: \(reason)"])
            }
            try expectErrors(["images": "https://a.example/1.jpg"], ["images: Must be an array"])
            try expectErrors(
                ["images": [["a"]], "images360": 1], ["images[0]: Must be a string", "images360: Must be an array"])
            try expectErrors(["color_image": ["https://a.example/1.jpg"]], ["color_image: Must be a string"])
        }

        @Test func `A product_id may be a string of digits, and is returned as a number`() throws {
            expectOutcome(try push(pushBody(123, ["product_id": "123"])), "unchanged", 123)
        }

        @Test func `Nulls and empty strings are skipped, and the others keep their index`() throws {
            let images: [Any] = [NSNull(), "", "https://a.example/1.jpg", NSNull(), "x", "", "y"]
            try expectErrors(
                ["images": images, "images360": [NSNull(), "", "z"], "color_image": NSNull()],
                ["images[4]: Invalid URL format", "images[6]: Invalid URL format", "images360[2]: Invalid URL format"])
        }

        @Test func `A URL is http or https with a host, ASCII without spaces, and at most 2048 bytes long`() throws {
            let bad = [
                "a", "/a.jpg", "//a.example/a.jpg", "ftp://a.example/a.jpg", "file:///etc/passwd", "http:/a.example/",
                "javascript:alert(1)", "http://", "https:///a.jpg", "http://?a", "http://#a", "http://:80/a.jpg",
                "https://u@/a.jpg", "https://a.example/a b.jpg", " https://a.example/a.jpg",
                "https://a.example/a.jpg\n",
                "https://a.example/a\r\nX-Evil: 1", "https://a.example/\u{0}", "https://a.example/é.jpg",
                "https://пример.рф/a.jpg", "httpsx://a.example/", "https//a.example/a.jpg",
                "https://a.example/" + String(repeating: "x", count: 2031),
            ]
            try expectErrors(["images": bad], bad.indices.map { "images[\($0)]: Invalid URL format" })
            let good = [
                "http://a.example/a.jpg", "HTTPS://A.EXAMPLE/a.jpg", "https://a.example:8443/a.jpg?b=c&d=%20#e",
                "https://u:p@a.example/a.jpg", "https://[2001:db8::1]/a.jpg", "https://a.example",
                "https://a.example/" + String(repeating: "x", count: 2030),
            ]
            let product = try OzonStandIn.shared().newProduct()
            expectOutcome(try push(pushBody(product, ["images": good])), "confirmed", product, images: good.count)
            #expect(try OzonStandIn.shared().currentPictures(of: product).images == good)
        }

        @Test func `on_invalid "skip" pushes the valid pictures and reports the others`() throws {
            let (product, clientID, good) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(2))
            let color = try OzonStandIn.shared().currentPictures(of: product).color
            let images = ["bad", good[0], "ftp://a.example/1.jpg", good[1]]
            let response = try push(
                pushBody(product, clientID: clientID, ["images": images, "color_image": "worse", "on_invalid": "skip"]))
            let faults = [
                "images[0]: Invalid URL format", "images[2]: Invalid URL format", "color_image: Invalid URL format",
            ]
            expectOutcome(response, "partial", product, images: 2, errors: faults)
            #expect(response.json["errors"].list.map { $0["url"].string } == [images[0], images[2], "worse"])
            #expect(
                try OzonStandIn.shared().currentPictures(of: product) == (good, color), "the color image stays as it is"
            )
        }

        @Test func `on_invalid "skip" is 400 if nothing is left or another field is invalid`() throws {
            try expectErrors(
                ["images": ["a"], "color_image": "b", "images360": ["https://a.example/1.jpg"], "on_invalid": "skip"],
                [
                    "images[0]: Invalid URL format", "images360: Not supported by Ozon since 2026-07-10",
                    "color_image: Invalid URL format",
                ])
            try expectErrors(
                ["images": ["a", "https://a.example/1.jpg"], "refetch": "yes", "on_invalid": "skip"],
                ["images[0]: Invalid URL format", "refetch: Must be true or false"])
            try expectErrors(
                ["images": (0..<150).map { "bad-\($0)" }, "refetch": "yes", "on_invalid": "skip"],
                (0..<99).map { "images[\($0)]: Invalid URL format" } + ["refetch: Must be true or false"])
            try expectErrors(["images": ["a"], "on_invalid": "reject"], ["images[0]: Invalid URL format"])
        }

        @Test func `images360 alone is 400; together with other pictures it is reported and they are pushed`() throws {
            let reason = "images360: Not supported by Ozon since 2026-07-10"
            try expectErrors(["images360": pictures(2)], [reason])
            let (product, clientID, sent) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(2))
            let response = try push(pushBody(product, clientID: clientID, ["images": sent, "images360": pictures(2)]))
            expectOutcome(response, "partial", product, images: 2, errors: [reason])
            #expect(try OzonStandIn.shared().currentPictures(of: product).images == sent)
            #expect(
                try OzonStandIn.shared().imports(of: clientID).map { $0.names } == [
                    ["color_image", "images", "offer_id"]
                ])
            expectOutcome(try push(pushBody(123, ["images360": ["", NSNull()]])), "unchanged", 123)
        }
    }
}
