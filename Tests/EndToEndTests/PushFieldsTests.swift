import Foundation
import Testing

extension EndToEnd {
    /// What ozon-push-images refuses or reports by itself.
    @Suite struct PushFields {
        private func push(_ body: String) throws -> HTTPAnswer { try sandbox().site.post(.pushImages, body) }

        /// 400 with exactly these faults, and not one call of Ozon.
        private func refused(
            _ more: [String: Any], _ reasons: [String], at location: SourceLocation = #_sourceLocation
        ) throws {
            let client = nextClient()
            let answer = try push(pushBody(123, client: client, more))
            expect(answer, .validationFailed, at: location)
            #expect(faults(answer) == reasons, sourceLocation: location)
            #expect(try Ozon.shared().calls(of: client).isEmpty, "something was sent on", sourceLocation: location)
        }

        @Test func `All faults are in one answer, in the order of the fields`() throws {
            let many = (1...71).map { "https://a.example/\($0).jpg" }
            try refused(
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

        @Test func `What is required is required, and of its type`() throws {
            let none = try push("{}")
            #expect(faults(none) == ["credential: Field required", "product_id: Field required"])
            for (value, reason) in [
                (0, "Must be between 1 and \(Int.max)"), (-5, "Must be between 1 and \(Int.max)"),
                (1.5, "Must be an integer"), (true, "Must be an integer"), ("", "Must be an integer"),
                ("12a", "Must be an integer"), (NSNull(), "Field required"),
            ] as [(Any, String)] {
                try refused(["product_id": value], ["product_id: \(reason)"])
            }
            try refused(["images": "https://a.example/1.jpg"], ["images: Must be an array"])
            try refused(
                ["images": [["a"]], "images360": 1], ["images[0]: Must be a string", "images360: Must be an array"])
            try refused(["color_image": ["https://a.example/1.jpg"]], ["color_image: Must be a string"])
        }

        @Test func `A product_id of digits in quotes is taken, and answered as a number`() throws {
            expectOutcome(try push(pushBody(123, ["product_id": "123"])), "unchanged", 123)
        }

        @Test func `Nulls and empty strings don't count, and the others keep their index`() throws {
            let images: [Any] = [NSNull(), "", "https://a.example/1.jpg", NSNull(), "x", "", "y"]
            try refused(
                ["images": images, "images360": [NSNull(), "", "z"], "color_image": NSNull()],
                ["images[4]: Invalid URL format", "images[6]: Invalid URL format", "images360[2]: Invalid URL format"])
        }

        @Test func `A URL is http or https, with a host, in ASCII without blanks, of at most 2048 bytes`() throws {
            let bad = [
                "a", "/a.jpg", "//a.example/a.jpg", "ftp://a.example/a.jpg", "file:///etc/passwd", "http:/a.example/",
                "javascript:alert(1)", "http://", "https:///a.jpg", "http://?a", "http://#a", "http://:80/a.jpg",
                "https://u@/a.jpg", "https://a.example/a b.jpg", " https://a.example/a.jpg",
                "https://a.example/a.jpg\n",
                "https://a.example/a\r\nX-Evil: 1", "https://a.example/\u{0}", "https://a.example/é.jpg",
                "https://пример.рф/a.jpg", "httpsx://a.example/", "https//a.example/a.jpg",
                "https://a.example/" + String(repeating: "x", count: 2031),
            ]
            try refused(["images": bad], bad.indices.map { "images[\($0)]: Invalid URL format" })
            let good = [
                "http://a.example/a.jpg", "HTTPS://A.EXAMPLE/a.jpg", "https://a.example:8443/a.jpg?b=c&d=%20#e",
                "https://u:p@a.example/a.jpg", "https://[2001:db8::1]/a.jpg", "https://a.example",
                "https://a.example/" + String(repeating: "x", count: 2030),
            ]
            let product = OwnProduct.next()
            expectOutcome(try push(pushBody(product, ["images": good])), "confirmed", product, images: good.count)
            #expect(try Ozon.shared().standing(product).images == good)
        }

        @Test func `on_invalid "skip" pushes the good ones, and reports the others`() throws {
            let (product, client, good) = (OwnProduct.next(), nextClient(), pictures(2))
            let color = try Ozon.shared().standing(product).color
            let images = ["bad", good[0], "ftp://a.example/1.jpg", good[1]]
            let answer = try push(
                pushBody(product, client: client, ["images": images, "color_image": "worse", "on_invalid": "skip"]))
            let faults = [
                "images[0]: Invalid URL format", "images[2]: Invalid URL format", "color_image: Invalid URL format",
            ]
            expectOutcome(answer, "partial", product, images: 2, faults: faults)
            #expect(answer.json["errors"].list.map { $0["url"].string } == [images[0], images[2], "worse"])
            #expect(try Ozon.shared().standing(product) == (good, color), "the color image stays as it is")
        }

        @Test func `on_invalid "skip" with nothing left is 400, and of no help to other faults`() throws {
            try refused(
                ["images": ["a"], "color_image": "b", "images360": ["https://a.example/1.jpg"], "on_invalid": "skip"],
                [
                    "images[0]: Invalid URL format", "images360: Not supported by Ozon since 2026-07-10",
                    "color_image: Invalid URL format",
                ])
            try refused(
                ["images": ["a", "https://a.example/1.jpg"], "refetch": "yes", "on_invalid": "skip"],
                ["images[0]: Invalid URL format", "refetch: Must be true or false"])
            try refused(
                ["images": (0..<150).map { "bad-\($0)" }, "refetch": "yes", "on_invalid": "skip"],
                (0..<99).map { "images[\($0)]: Invalid URL format" } + ["refetch: Must be true or false"])
            try refused(["images": ["a"], "on_invalid": "reject"], ["images[0]: Invalid URL format"])
        }

        @Test func `images360 alone is 400 with its reason; beside others it is reported, and the rest pushed`() throws
        {
            let reason = "images360: Not supported by Ozon since 2026-07-10"
            try refused(["images360": pictures(2)], [reason])
            let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(2))
            let answer = try push(pushBody(product, client: client, ["images": sent, "images360": pictures(2)]))
            expectOutcome(answer, "partial", product, images: 2, faults: [reason])
            #expect(try Ozon.shared().standing(product).images == sent)
            #expect(try Ozon.shared().imports(of: client).map { $0.names } == [["color_image", "images", "offer_id"]])
            expectOutcome(try push(pushBody(123, ["images360": ["", NSNull()]])), "unchanged", 123)
        }
    }
}
