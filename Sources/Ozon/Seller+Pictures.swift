import Core
import JSON
import Upstreams

extension Seller {
    /// `POST /v2/product/pictures/import`.
    /// - Parameter onUncertainty: called when an attempt fails although Ozon may have accepted it.
    /// - Returns: the id of Ozon's task.
    func importPictures(
        _ set: PictureSet, offerID: String, as credential: Credential, within budget: RetryBudget,
        onUncertainty: () -> Void
    ) async throws -> Int {
        let response = try await post(
            "/v2/product/pictures/import", as: credential, within: budget, onUncertainty: onUncertainty
        ) { json in
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
        do { return try response.id("task_id") } catch {
            onUncertainty()
            throw error
        }
    }

    /// The v1 import, keyed by product_id: `{"result": {"pictures": [{"url", "state", "is_360", …}]}}`.
    func importPicturesV1(
        _ set: PictureSet, productID: Int, path: String, as credential: Credential, within budget: RetryBudget,
        onUncertainty: () -> Void
    ) async throws -> [ImportedPicture] {
        let response = try await post(path, as: credential, within: budget, onUncertainty: onUncertainty) { json in
            json.object {
                $0.member("product_id", productID)
                $0.member("images", set.images)
                // The current 360° pictures can't be read. Ozon keeps them if the member is missing.
                if !set.images360.isEmpty { $0.member("images360", set.images360) }
                $0.member("color_image", ifAny: set.color)
            }
        }
        do {
            let pictures = try response.object("result").list("pictures")
            return try pictures.map { picture throws(Fault) in try ImportedPicture(picture) }
        } catch {
            onUncertainty()
            throw error
        }
    }
}
