import Core
import HTTPClient
import JSON
import Upstreams

/// A product's whole set of pictures, as it is sent: Ozon replaces everything, so what is left out is erased.
package struct PictureSet: Sendable {
    /// The first is the main picture.
    package var images: [String]
    package var images360: [String] = []
    package var color: String?
}

/// A product's pictures as they stand, and what Ozon has against the last ones it was sent.
package struct CurrentPictures: Sendable {
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
        return try await call("/v2/product/pictures/import", body.bytes, as: credential, within: retry).id("task_id")
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
        let answer = try await call(path, body.bytes, as: credential, within: retry)
        return try answer.object("result").list("pictures").map { picture throws(Fault) in try ImportedPicture(picture)
        }
    }

    /// `POST /v2/product/pictures/info`. nil: no such product.
    func standingPictures(
        productID: Int, as credential: Credential, within retry: Retry
    ) async throws -> CurrentPictures? {
        var body = JSONWriter()
        body.object { $0.member("product_id", [String(productID)]) }
        let answer = try await call("/v2/product/pictures/info", body.bytes, as: credential, within: retry)
        let item = try answer.list("items").first { item throws(Fault) in try item.id("product_id") == productID }
        return try item.map { item throws(Fault) in try CurrentPictures(item) }
    }
}

extension CurrentPictures {
    fileprivate init(_ item: ResponseValue) throws(Fault) {
        images = distinct(try item.urls("primary_photo") + item.urls("photo"))
        color = try item.urls("color_photo")
        errors = try item.list(ifAny: "errors").prefix(100).map { error throws(Fault) in
            (try error.string(ifAny: "url") ?? "", error.scrubbed(try error.string(ifAny: "message") ?? ""))
        }
    }
}

/// One picture of a v1 import.
struct ImportedPicture {
    enum State: String, CaseIterable {
        case imported, uploaded, pending, failed
    }

    let url: String
    let state: State
    let is360: Bool

    init(_ picture: ResponseValue) throws(Fault) {
        url = try picture.string("url")
        state = try picture.word("state")
        is360 = try picture.bool(ifAny: "is_360") ?? false
    }
}
