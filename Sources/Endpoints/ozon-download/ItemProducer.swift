import Core
import Encoding
import Ozon
import R2
import Relay
import Telemetry
import Uploads

/// One request's work: looks up the products and makes an item for each article.
struct ItemProducer: Sendable {
    private let input: Input
    private let context: RequestContext<DownloadTools>
    /// The articles that were looked up before the response began.
    private let first: [ArticleResult<Product>]
    private let rest: AsyncThrowingStream<Batch, any Error>
    private var tools: DownloadTools { context.tools }

    /// Starts the calls to Ozon and returns once one of them has succeeded, so that until then an error can still
    /// determine the response's status.
    static func start(_ input: Input, _ context: RequestContext<DownloadTools>) async throws -> ItemProducer {
        let (first, rest) = try await input.lookup.start(context.tools, as: input.credential)
        return ItemProducer(input: input, context: context, first: first, rest: rest)
    }

    /// Returns when the sink has an item for every article.
    func run(into sink: inout some ItemSink) async throws {
        try await report(.failed(reason: "Must be an integer"), at: input.lookup.invalid, to: &sink)
        if input.downloadsImages {
            try await copyImages(into: &sink)
        } else {
            try await list(first, to: &sink)
            for try await batch in rest { try await list(batch.articles, to: &sink) }
        }
        try Task.checkCancellation()
    }

    private func report(_ result: Item.Result, at indices: [Int], to sink: inout some ItemSink) async throws {
        for index in indices {
            try await sink.add(Item(article: input.lookup.articles[index], result: result), at: index)
        }
    }

    private func images(of article: ArticleResult<Product>) -> ArticleResult<ProductImages> {
        let images = article.value.map { product in
            ProductImages(product, of: input.lookup.articles[article.indices[0]], for: input, tools.signing.rules)
        }
        return ArticleResult(indices: article.indices, value: images)
    }

    // MARK: Copying

    /// While the sink waits for the client, no further copy is started. A request starts at most MAX_TRANSFERS copies
    /// at once, so that a small request waits behind at most that many copies of a large one.
    private func copyImages(into sink: inout some ItemSink) async throws {
        try await withThrowingTaskGroup(of: CopyQueue.Event?.self) { group in
            var queue = CopyQueue(maxRunning: tools.relay.maxCopies, bucket: tools.signing.bucket)
            group.addTask { .found(first.map(images)) }
            for try await case let event? in group {
                if case .found(let articles) = event {
                    for case .success(let images) in articles.map(\.value) {
                        for _ in images.errors { RequestTrace.countImage(bytes: nil) }
                    }
                    group.addTask { try await nextBatch() }
                }
                for action in queue.handle(event) {
                    switch action {
                    case .report(let result, let indices): try await report(result, at: indices, to: &sink)
                    case .start(let copy): group.addTask { .finished(copy, failure: try await perform(copy)) }
                    }
                }
            }
        }
    }

    /// - Returns: nil after the last batch.
    private func nextBatch() async throws -> CopyQueue.Event? {
        // The iterators of the stream share its state.
        var iterator = rest.makeAsyncIterator()
        return try await iterator.next().map { .found($0.articles.map(images)) }
    }

    private func perform(_ copy: CopyQueue.Copy) async throws -> CopyFailure? {
        do {
            let bytes = try await tools.relay.copy(copy.url, to: copy.key, skipsExisting: input.skipsExisting)
            if let bytes { RequestTrace.countImage(bytes: bytes) }
            return nil
        } catch let failure as CopyFailure {
            RequestTrace.countImage(bytes: nil)
            return failure
        }
    }

    // MARK: Listing

    private func list(_ articles: [ArticleResult<Product>], to sink: inout some ItemSink) async throws {
        for article in articles.map(images) {
            try await report(listed(article.value), at: article.indices, to: &sink)
        }
    }

    private func listed(_ images: Result<ProductImages, Fault>) -> Item.Result {
        switch images {
        case .failure(let fault): .failed(reason: fault.code.message)
        case .success(let images):
            .listed(
                productID: images.productID,
                urls: images.images.compactMap { if case .success = $0.key { $0.url } else { nil } },
                errors: images.errors, uploads: input.presigns ? uploads(images) : nil)
        }
    }

    private func uploads(_ images: ProductImages) -> [ImageUpload] {
        images.images.compactMap { image -> ImageUpload? in
            guard case .success(let key) = image.key else { return nil }
            let headers: Headers =
                tools.signing.rules.requiresType ? ["content-type": ImageFormat(of: key).mediaType] : [:]
            return ImageUpload(
                url: image.url, key: key,
                uploadURL: tools.signing.url(for: key, headers: headers, at: context.time),
                publicURL: tools.signing.bucket.publicURL(of: key), headers: headers)
        }
    }
}
