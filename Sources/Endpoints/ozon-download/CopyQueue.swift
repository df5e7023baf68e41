import Core
import Ozon
import R2
import Relay
import Telemetry

/// Copies the images of looked-up products into the bucket, at most `MAX_TRANSFERS` of them at once. An article's outcome
/// is told as soon as its last image has ended. A slow image delays its own article and counts as one of those
/// `MAX_TRANSFERS` until it has ended, the pauses between its attempts included; the other articles go on beside it.
struct CopyQueue: Sendable {
    let relay: ImageRelay
    let bucket: Bucket
    /// Leave what the bucket already holds.
    let skipsExisting: Bool

    /// One distinct article whose product was found.
    struct Article: Sendable {
        let places: [Int]
        let productID: Int
        let images: [ProductImages.Image]
    }

    enum Found: Sendable {
        case article(Article)
        /// Nothing to copy: the places, and why.
        case failed([Int], String)
    }

    enum Event: Sendable {
        case articles([Found])
        /// No more articles will come.
        case complete
        /// An image of an article ended.
        case image(article: Int, index: Int, failure: ImageRelay.Failure?)
    }

    /// What is known of an article so far.
    private struct Progress {
        let article: Article
        /// By the image's place in the article.
        var failures: [Int: ImageRelay.Failure] = [:]
        var left: Int

        /// The images without a key have failed already.
        init(_ article: Article) {
            self.article = article
            for (index, image) in article.images.enumerated() {
                guard case .failure(let refusal) = image.key else { continue }
                failures[index] = ImageRelay.Failure(refusal.reason)
                RequestTrace.countImage(bytes: nil)
            }
            left = article.images.count - failures.count
        }

        /// What is to be copied; nil: the image has failed already.
        func image(_ index: Int) -> (url: String, key: ObjectKey)? {
            guard case .success(let key?) = article.images[index].key else { return nil }
            return (article.images[index].url, key)
        }
    }

    /// Runs until every article has been told.
    /// - Parameter feed: gives the articles as they are found, and throws what ends the work.
    /// - Parameter tell: takes an article's outcome; while it waits, no further image is begun.
    func run(
        _ feed: @escaping @Sendable (AsyncThrowingStream<Event, any Error>.Continuation) async throws -> Void,
        tell: ([Int], Item.Outcome) async throws -> Void
    ) async throws {
        let (events, continuation) = AsyncThrowingStream.makeStream(of: Event.self)
        try await withThrowingDiscardingTaskGroup { group in
            // What a child throws must end the iteration below, not only the group.
            group.addTask {
                do {
                    try await feed(continuation)
                    continuation.yield(.complete)
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            var articles: [Progress] = []
            var waiting: [(article: Int, index: Int, image: (url: String, key: ObjectKey))] = []
            var next = 0
            var running = 0
            var isComplete = false
            for try await event in events {
                switch event {
                case .complete: isComplete = true
                case .articles(let found):
                    for case .failed(let places, let reason) in found { try await tell(places, .failed(reason)) }
                    for case .article(let article) in found {
                        let progress = Progress(article)
                        if progress.left == 0 { try await tell(article.places, outcome(progress)) }
                        for index in article.images.indices {
                            if let image = progress.image(index) { waiting.append((articles.count, index, image)) }
                        }
                        articles.append(progress)
                    }
                case .image(let number, let index, let failure):
                    running -= 1
                    articles[number].failures[index] = failure
                    articles[number].left -= 1
                    if articles[number].left == 0 {
                        try await tell(articles[number].article.places, outcome(articles[number]))
                    }
                }
                while running < relay.slots.count, next < waiting.count {
                    let (number, index, image) = waiting[next]
                    group.addTask {
                        do {
                            let failure = try await copy(image.url, to: image.key)
                            continuation.yield(.image(article: number, index: index, failure: failure))
                        } catch {
                            continuation.finish(throwing: error)
                        }
                    }
                    next += 1
                    running += 1
                }
                if isComplete, running == 0, next == waiting.count { break }
            }
            try Task.checkCancellation()
        }
    }

    /// Why it failed; nil if the image is in the bucket.
    private func copy(_ url: String, to key: ObjectKey) async throws -> ImageRelay.Failure? {
        do {
            try await relay.copy(url, to: key, skipsExisting: skipsExisting)
            return nil
        } catch let failure as ImageRelay.Failure {
            RequestTrace.countImage(bytes: nil)
            return failure
        }
    }

    private func outcome(_ progress: Progress) -> Item.Outcome {
        var urls: [String] = []
        var errors: [ImageError] = []
        for (index, image) in progress.article.images.enumerated() {
            if let failure = progress.failures[index] {
                errors.append(ImageError(url: image.url, reason: failure.reason, detail: failure.detail))
            } else if case .success(let key?) = image.key {
                urls.append(bucket.publicURL(of: key))
            }
        }
        return .copied(productID: progress.article.productID, urls: urls, errors: errors)
    }
}
