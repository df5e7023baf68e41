import Core
import JSON
import Upstreams

/// One picture in the response to a v1 import.
struct ImportedPicture {
    enum State: String, CaseIterable {
        case imported, uploaded, pending, failed
    }

    let url: String
    let state: State
    let is360: Bool

    init(_ picture: ResponseValue) throws(Fault) {
        url = try picture.string("url")
        state = try picture.enumCase("state")
        is360 = try picture.bool(ifAny: "is_360") ?? false
    }
}

extension Seller {
    /// The v1 import, keyed by product_id: `{"result": {"pictures": [{"url", "state", "is_360", …}]}}`.
    func importPicturesV1(
        _ set: PictureSet, productID: Int, path: String, as credential: Credential, within budget: RetryBudget
    ) async throws -> [ImportedPicture] {
        let response = try await post(path, as: credential, within: budget) { json in
            json.object {
                $0.member("product_id", productID)
                $0.member("images", set.images)
                // The current 360° pictures can't be read. Ozon keeps them if the member is missing.
                if !set.images360.isEmpty { $0.member("images360", set.images360) }
                $0.member("color_image", ifAny: set.color)
            }
        }
        let pictures = try response.object("result").list("pictures")
        return try pictures.map { picture throws(Fault) in try ImportedPicture(picture) }
    }
}
