import Core
import R2
import Relay
import Telemetry

/// Decides which images are copied next and which articles are complete. `handle` returns the actions that follow from
/// an event, to be carried out in order; no action remains once every article is reported.
///
/// At most `maxRunning` copies run at once. They start in the order in which products are found. An article is reported
/// once, as soon as its last copy has finished, so a slow image delays its own article only.
struct CopyQueue {
    /// One image to copy.
    struct Copy: Sendable {
        fileprivate let article: Int
        fileprivate let image: Int
        let url: String
        let key: ObjectKey
    }

    enum Event: Sendable {
        case found([ArticleResult<ProductImages>])
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
    /// The articles that are not reported yet, by the order in which they were found.
    private var articles: [Int: Progress] = [:]
    private var lastArticle = 0
    /// The copies that have not been started, the next one last.
    private var waiting: [Copy] = []
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
        let next = Array(waiting.suffix(maxRunning - running).reversed())
        waiting.removeLast(next.count)
        running += next.count
        return reports + next.map { .start($0) }
    }

    private mutating func add(_ found: [ArticleResult<ProductImages>]) -> [Action] {
        var reports: [Action] = []
        var new: [Copy] = []
        for article in found {
            switch article.value {
            case .failure(let fault):
                reports.append(.report(.failed(reason: fault.code.message), indices: article.indices))
            case .success(let images):
                lastArticle += 1
                let copies = images.images.enumerated().compactMap { index, image -> Copy? in
                    guard case .success(let key) = image.key else { return nil }
                    return Copy(article: lastArticle, image: index, url: image.url, key: key)
                }
                let progress = Progress(indices: article.indices, images: images, remaining: copies.count)
                if copies.isEmpty { reports.append(report(progress)) } else { articles[lastArticle] = progress }
                new += copies
            }
        }
        waiting = new.reversed() + waiting
        return reports
    }

    private mutating func finish(_ copy: Copy, _ failure: CopyFailure?) -> [Action] {
        running -= 1
        articles[copy.article]!.remaining -= 1
        articles[copy.article]!.failures[copy.image] = failure
        guard articles[copy.article]!.remaining == 0 else { return [] }
        return [report(articles.removeValue(forKey: copy.article)!)]
    }

    private func report(_ article: Progress) -> Action {
        var urls: [String] = []
        var errors: [ImageFailure] = []
        for (index, image) in article.images.images.enumerated() {
            switch (image.key, article.failures[index]) {
            case (.failure(let rejection), _):
                errors.append(ImageFailure(url: image.url, reason: rejection.reason, detail: nil))
            case (.success, let failure?):
                errors.append(ImageFailure(url: image.url, reason: failure.reason, detail: failure.detail))
            case (.success(let key), nil): urls.append(bucket.publicURL(of: key))
            }
        }
        let result = Item.Result.copied(productID: article.images.productID, urls: urls, errors: errors)
        return .report(result, indices: article.indices)
    }
}
