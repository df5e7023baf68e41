import JSON

/// One article in the response: its product's images, or why there are none.
struct Item: JSONWritable, Sendable {
    let article: String
    let result: Result

    enum Result: Sendable {
        /// Nothing was copied. `urls` are Ozon's URLs of the images that can be stored, `errors` the other images.
        case listed(productID: Int, urls: [String], errors: [ImageFailure], uploads: [ImageUpload]?)
        /// `urls` are the public URLs of the copied images, `errors` the other images.
        case copied(productID: Int, urls: [String], errors: [ImageFailure])
        /// The article is not a valid id, Ozon has no such product, or the call to Ozon failed.
        case failed(reason: String)
    }

    /// The numbers of the product's images, of those that were copied, and of those in `errors`.
    var counts: (total: Int, success: Int, failed: Int) {
        switch result {
        case .listed(_, let urls, let errors, _): (urls.count + errors.count, 0, errors.count)
        case .copied(_, let urls, let errors): (urls.count + errors.count, urls.count, errors.count)
        case .failed: (0, 0, 0)
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("article", article)
        switch result {
        case .listed(let productID, let urls, let errors, let uploads):
            json.member("product_id", productID)
            json.member("status", "success")
            writeCounts(to: &json)
            json.member("urls", urls)
            json.member("uploads", ifAny: uploads)
            if !errors.isEmpty { json.member("errors", errors) }
        case .copied(let productID, let urls, let errors):
            let isFailed = urls.isEmpty && !errors.isEmpty
            json.member("product_id", productID)
            json.member("status", isFailed ? "failed" : "success")
            if isFailed { json.member("error", "NO_IMAGES_DOWNLOADED") }
            writeCounts(to: &json)
            json.member("urls", urls)
            if !errors.isEmpty { json.member("errors", errors) }
        case .failed(let reason):
            json.member("status", "failed")
            json.member("error", reason)
            writeCounts(to: &json)
            json.member("urls", [String]())
        }
    }

    private func writeCounts(to json: inout JSONWriter) {
        json.member("total_images", counts.total)
        json.member("success_images", counts.success)
        json.member("failed_images", counts.failed)
    }
}
