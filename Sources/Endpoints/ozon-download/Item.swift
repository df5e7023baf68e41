import Core
import Ozon
import R2

/// What became of one article.
struct Item: JSONWritable {
    let article: String
    let outcome: Outcome

    enum Outcome {
        case found(productID: Int, urls: [String], uploads: [ImageUpload]?)
        case failed(String)
    }

    var totalImages: Int {
        if case .found(_, let urls, _) = outcome { urls.count } else { 0 }
    }

    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("article", article)
        switch outcome {
        case .found(let productID, let urls, let uploads):
            json.member("product_id", productID)
            json.member("status", "success")
            writeCounts(to: &json)
            json.member("urls", urls)
            json.member("uploads", ifAny: uploads)
        case .failed(let error):
            json.member("status", "failed")
            json.member("error", error)
            writeCounts(to: &json)
            json.member("urls", [String]())
        }
    }

    /// Nothing is downloaded in metadata mode.
    private func writeCounts(to json: inout JSONWriter) {
        json.member("total_images", totalImages)
        json.member("success_images", 0)
        json.member("failed_images", 0)
    }
}

/// Where the browser may put one image: spares it the call to r2-presigned-url.
struct ImageUpload: JSONWritable {
    let url: String
    let key: ObjectKey
    let uploadURL: String
    let publicURL: String
    let headers: [(name: String, value: String)]

    func write(to json: inout JSONWriter) {
        json.object {
            $0.member("url", url)
            $0.member("r2_path", key.text)
            $0.member("upload_url", uploadURL)
            $0.member("public_url", publicURL)
            $0.member("headers", HeaderLines(headers))
        }
    }
}

/// The sums over all items: the envelope's `data` without its items.
struct Totals {
    let articles: Int
    var processed = 0
    var images = 0

    mutating func add(_ item: Item) {
        processed += 1
        images += item.totalImages
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("total_articles", articles)
        json.member("processed", processed)
        json.member("total_images", images)
        json.member("success_images", 0)
        json.member("failed_images", 0)
    }
}
