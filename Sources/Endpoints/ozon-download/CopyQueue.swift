import Core
import R2
import Relay

/// Decides which images are copied next and which articles are complete. `handle` returns the actions that follow from
/// an event, to be carried out in order; no action remains once every article is reported.
///
/// At most `maxRunning` copies run at once. They start in the order in which products are found. An article is reported
/// once, as soon as its last copy has finished, so a slow image delays its own article only.
struct CopyQueue {
    struct Article: Sendable {
        /// The article's indices in the request.
        let indices: [Int]
        /// The images, or why the product could not be retrieved.
        let images: Result<ProductImages, Fault>
    }

    struct Copy: Sendable {
        fileprivate let article: Int
        fileprivate let image: Int
        let url: String
        let key: ObjectKey
    }

    enum Event: Sendable {
        case found([Article])
        /// - Parameter failure: nil if the image is in the bucket.
        case finished(Copy, failure: CopyFailure?)
    }

    enum Action {
        case report(Item.Result, indices: [Int])
        case start(Copy)
    }

    /// An article whose product was found.
    private struct Progress {
        let indices: [Int]
        let images: ProductImages
        var remaining: Int
        /// By the image's index in the product.
        var failures: [Int: CopyFailure] = [:]
    }

    private let maxRunning: Int
    private let bucket: Bucket
    private var articles: [Progress] = []
    private var copies: [Copy] = []
    /// How many of `copies` have been started.
    private var started = 0
    private var running = 0

    init(maxRunning: Int, bucket: Bucket) {
        self.maxRunning = maxRunning
        self.bucket = bucket
    }

    mutating func handle(_ event: Event) -> [Action] {
        let reports =
            switch event {
            case .found(let articles): add(articles)
            case .finished(let copy, let failure): finish(copy, failure)
            }
        let next = copies[started...].prefix(maxRunning - running)
        started += next.count
        running += next.count
        return reports + next.map { .start($0) }
    }

    private mutating func add(_ found: [Article]) -> [Action] {
        var reports: [Action] = []
        for article in found {
            switch article.images {
            case .failure(let fault):
                reports.append(.report(.failed(reason: fault.code.message), indices: article.indices))
            case .success(let images):
                let new = images.images.enumerated().compactMap { index, image -> Copy? in
                    guard case .success(let key?) = image.key else { return nil }
                    return Copy(article: articles.count, image: index, url: image.url, key: key)
                }
                copies += new
                articles.append(Progress(indices: article.indices, images: images, remaining: new.count))
                if new.isEmpty { reports.append(report(articles.last!)) }
            }
        }
        return reports
    }

    private mutating func finish(_ copy: Copy, _ failure: CopyFailure?) -> [Action] {
        running -= 1
        articles[copy.article].remaining -= 1
        articles[copy.article].failures[copy.image] = failure
        return articles[copy.article].remaining == 0 ? [report(articles[copy.article])] : []
    }

    private func report(_ article: Progress) -> Action {
        var urls: [String] = []
        var errors: [ImageError] = []
        for (index, image) in article.images.images.enumerated() {
            switch (image.key, article.failures[index]) {
            case (.failure(let rejection), _):
                errors.append(ImageError(url: image.url, reason: rejection.reason, detail: nil))
            case (.success, let failure?):
                errors.append(ImageError(url: image.url, reason: failure.reason, detail: failure.detail))
            case (.success(let key), nil):
                if let key { urls.append(bucket.publicURL(of: key)) }
            }
        }
        let result = Item.Result.copied(productID: article.images.productID, urls: urls, errors: errors)
        return .report(result, indices: article.indices)
    }
}
