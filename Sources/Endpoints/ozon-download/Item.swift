import Core
import Encoding
import JSON
import Ozon
import R2
import Telemetry
import Uploads

/// What became of one article.
struct Item: JSONWritable, Sendable {
    let article: String
    let outcome: Outcome

    enum Outcome: Sendable {
        /// Metadata mode: nothing was downloaded. The images that can be stored, and those that can't.
        case found(productID: Int, urls: [String], errors: [ImageError], uploads: [ImageUpload]?)
        /// The images that are in the bucket now, by their public URLs, and those that aren't.
        case copied(productID: Int, urls: [String], errors: [ImageError])
        case failed(String)
    }

    /// Images of the product; how many of them were copied; how many were not.
    var counts: (total: Int, success: Int, failed: Int) {
        switch outcome {
        case .found(_, let urls, let errors, _): (urls.count + errors.count, 0, errors.count)
        case .copied(_, let urls, let errors): (urls.count + errors.count, urls.count, errors.count)
        case .failed: (0, 0, 0)
        }
    }

    func write(to json: inout JSONWriter) {
        json.object { writeMembers(to: &$0) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("article", article)
        switch outcome {
        case .found(let productID, let urls, let errors, let uploads):
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
        case .failed(let error):
            json.member("status", "failed")
            json.member("error", error)
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

/// Why one image was not copied.
struct ImageError: JSONWritable, Sendable {
    let url: String
    let reason: String
    /// R2's error code.
    let detail: String?

    func write(to json: inout JSONWriter) {
        json.object {
            // One that is refused for its length may have megabytes.
            $0.member("url", cut(url, 8192))
            $0.member("reason", reason)
            $0.member("detail", ifAny: detail)
        }
    }
}

/// Where the browser may put one image: spares it the call to r2-presigned-url.
struct ImageUpload: JSONWritable, Sendable {
    let url: String
    let key: ObjectKey
    let uploadURL: String
    let publicURL: String
    let headers: Headers

    func write(to json: inout JSONWriter) {
        json.object {
            $0.member("url", url)
            $0.member("r2_path", key.text)
            $0.member("upload_url", uploadURL)
            $0.member("public_url", publicURL)
            $0.member("headers", headers)
        }
    }
}

/// The sums over all items: the envelope's `data` without its items.
struct Totals {
    let articles: Int
    var processed = 0
    var images = 0
    var success = 0
    var failed = 0

    init(articles: Int) {
        self.articles = articles
    }

    mutating func add(_ item: Item) {
        processed += 1
        images += item.counts.total
        success += item.counts.success
        failed += item.counts.failed
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("total_articles", articles)
        json.member("processed", processed)
        json.member("total_images", images)
        json.member("success_images", success)
        json.member("failed_images", failed)
    }
}
