import JSON
import Upstreams

/// All pictures of a product. Ozon replaces the whole set and erases those that are not in it.
struct PictureSet {
    /// The first is the main picture.
    let images: [String]
    let images360: [String]
    let color: String?
}

extension Seller {
    /// `POST /v2/product/pictures/import`.
    /// - Returns: the id of Ozon's task.
    func importPictures(
        _ set: PictureSet, offerID: String, as credential: Credential, within budget: RetryBudget
    ) async throws -> Int {
        let response = try await post("/v2/product/pictures/import", as: credential, within: budget) { json in
            json.object {
                $0.member("items") { json in
                    json.array { json in
                        json.object {
                            $0.member("offer_id", offerID)
                            $0.member("images", set.images)
                            $0.member("color_image", ifAny: set.color)
                        }
                    }
                }
            }
        }
        return try response.id("task_id")
    }
}
