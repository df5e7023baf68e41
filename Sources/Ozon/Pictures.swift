import Core
import HTTPClient

/// A product's whole set of pictures, as it is sent: Ozon replaces everything, so what is left out is erased.
package struct PictureSet: Sendable {
    /// The first is the main picture.
    package var images: [String]
    package var images360: [String] = []
    package var color: String?
}

/// A product's pictures as they stand, and what Ozon has against the last ones it was sent.
package struct StandingPictures: Sendable {
    package let images: [String]
    package let color: [String]
    package let errors: [(url: String, message: String)]

    package init(images: [String], color: [String], errors: [(url: String, message: String)] = []) {
        self.images = images
        self.color = color
        self.errors = errors
    }
}

extension Seller {
    /// `POST /v2/product/pictures/import`: a full replacement. Answers only a task's id.
    func importPictures(
        _ set: PictureSet, offerID: String, as credential: Credential, within retry: Retry
    ) async throws -> Int {
        var body = JSONWriter()
        body.object { json in
            json.member("items") { json in
                json.array { json in
                    json.object {
                        $0.member("offer_id", offerID)
                        $0.member("images", set.images)
                        $0.member("color_image", ifAny: set.color)
                    }
                }
            }
        }
        let json = try await call("/v2/product/pictures/import", body.bytes, as: credential, within: retry)
        guard let task = number(json["task_id"]) else {
            throw Fault(.ozonBadAnswer, detail: "The answer has no task_id")
        }
        return task
    }

    /// The first design's one call, keyed by product_id: `{"result": {"pictures": [{"url", "state", "is_360", …}]}}`.
    func importPicturesV1(
        _ set: PictureSet, productID: Int, path: String, as credential: Credential, within retry: Retry
    ) async throws -> [ImportedPicture] {
        var body = JSONWriter()
        body.object {
            $0.member("product_id", productID)
            $0.member("images", set.images)
            // The read-back knows no 360° pictures: left out, they stay as they are.
            if !set.images360.isEmpty { $0.member("images360", set.images360) }
            $0.member("color_image", ifAny: set.color)
        }
        let json = try await call(path, body.bytes, as: credential, within: retry)
        guard let pictures = json["result"]?["pictures"]?.array else {
            throw Fault(.ozonBadAnswer, detail: "The answer has no pictures")
        }
        return pictures.map(ImportedPicture.init)
    }

    /// `POST /v2/product/pictures/info`. nil: no such product.
    func standingPictures(
        productID: Int, as credential: Credential, within retry: Retry
    ) async throws -> StandingPictures? {
        var body = JSONWriter()
        body.object { $0.member("product_id", [String(productID)]) }
        let json = try await call("/v2/product/pictures/info", body.bytes, as: credential, within: retry)
        guard let items = json["items"]?.array else { throw Fault(.ozonBadAnswer, detail: "The answer has no items") }
        guard let item = items.first(where: { number($0["product_id"]) == productID }) else { return nil }
        return StandingPictures(
            images: distinct(strings(item["primary_photo"]) + strings(item["photo"])),
            color: strings(item["color_photo"]),
            errors: (item["errors"]?.array ?? []).compactMap { error in
                error["url"]?.string.map { ($0, credential.scrub(error["message"]?.string ?? "")) }
            })
    }
}

/// One picture of a v1 import: `state` is imported, uploaded, pending or failed.
struct ImportedPicture {
    let url: String
    let state: String
    let is360: Bool

    init(_ json: JSON) {
        url = json["url"]?.string ?? ""
        state = json["state"]?.string ?? ""
        is360 = json["is_360"]?.bool ?? false
    }

    var hasFailed: Bool { state == "failed" }
}
