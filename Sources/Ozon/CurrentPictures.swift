import Core
import JSON
import Telemetry
import Upstreams

/// A product's current pictures, and the errors of its last import.
struct CurrentPictures {
    let images: [String]
    let color: [String]
    var errors: [PictureError] = []
}

extension CurrentPictures {
    fileprivate init(_ item: ResponseValue) throws(Fault) {
        images = distinct(try item.comparedURLs("primary_photo") + item.comparedURLs("photo"))
        color = try item.comparedURLs("color_photo")
        errors = try item.list(ifAny: "errors").prefix(100).map { error throws(Fault) in try PictureError(error) }
    }
}

extension Seller {
    /// `POST /v2/product/pictures/info`.
    /// - Throws: 404 if there is no such product, or Ozon's error.
    func currentPictures(
        productID: Int, as credential: Credential, within budget: RetryBudget
    ) async throws -> CurrentPictures {
        let response = try await post("/v2/product/pictures/info", as: credential, within: budget) { json in
            json.object { $0.member("product_id", [String(productID)]) }
        }
        let items = try response.list("items").filter { item throws(Fault) in try item.id("product_id") == productID }
        if items.isEmpty { throw Fault(.productNotFound) }
        guard items.count == 1 else {
            throw Fault(.ozonBadAnswer, detail: "items has \(items.count) rows for product \(productID), expected 1")
        }
        return try CurrentPictures(items[0])
    }
}
