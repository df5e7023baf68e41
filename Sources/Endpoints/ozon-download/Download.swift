import Core
import Encoding
import Ozon
import Relay
import Telemetry
import Uploads

/// One request's work: looks up the products and creates an item for each article.
struct Download: Sendable {
    private let input: Input
    private let context: RequestContext<DownloadTools>
    private let batches: AsyncThrowingStream<Batch, any Error>
    private var tools: DownloadTools { context.tools }

    /// Starts the calls to Ozon and returns once one of them has succeeded, so that until then an error can still
    /// determine the response's status.
    init(_ input: Input, _ context: RequestContext<DownloadTools>) async throws {
        self.input = input
        self.context = context
        batches = try await input.lookup.start(context.tools, as: input.credential)
    }

    /// Returns when the sink has an item for every article.
    func run(into sink: inout some ItemSink) async throws {
        try await report(.failed(reason: "Must be an integer"), at: input.lookup.invalid, to: &sink)
        if input.downloadsImages {
            try await copyImages(into: &sink)
        } else {
            for try await batch in batches {
                for article in batch.articles {
                    try await report(listed(article), at: article.indices, to: &sink)
                }
            }
        }
        try Task.checkCancellation()
    }

    private func report(_ result: Item.Result, at indices: [Int], to sink: inout some ItemSink) async throws {
        for index in indices {
            try await sink.add(Item(article: input.lookup.articles[index], result: result), at: index)
        }
    }

    private func images(of article: Batch.Article) -> Result<ProductImages, Fault> {
        article.product.map { product in
            ProductImages(product, of: input.lookup.articles[article.indices[0]], for: input, tools.signing.rules)
        }
    }

    // MARK: Copying

    /// While the sink waits for the client, no further copy is started.
    private func copyImages(into sink: inout some ItemSink) async throws {
        try await withThrowingTaskGroup(of: CopyQueue.Event?.self) { group in
            var queue = CopyQueue(maxRunning: tools.relay.maxTransfers, bucket: tools.signing.bucket)
            group.addTask { try await nextBatch() }
            for try await case let event? in group {
                if case .found = event { group.addTask { try await nextBatch() } }
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
        var iterator = batches.makeAsyncIterator()
        guard let batch = try await iterator.next() else { return nil }
        let articles = batch.articles.map { CopyQueue.Article(indices: $0.indices, images: images(of: $0)) }
        for case .success(let images) in articles.map(\.images) {
            for _ in images.errors { RequestTrace.countImage(bytes: nil) }
        }
        return .found(articles)
    }

    private func perform(_ copy: CopyQueue.Copy) async throws -> CopyFailure? {
        do {
            try await tools.relay.copy(copy.url, to: copy.key, skipsExisting: input.skipsExisting)
            return nil
        } catch let failure as CopyFailure {
            RequestTrace.countImage(bytes: nil)
            return failure
        }
    }

    // MARK: Listing

    private func listed(_ article: Batch.Article) -> Item.Result {
        switch images(of: article) {
        case .failure(let fault): .failed(reason: fault.code.message)
        case .success(let images):
            .listed(
                productID: images.productID,
                urls: images.images.compactMap { if case .success = $0.key { $0.url } else { nil } },
                errors: images.errors, uploads: input.presign ? uploads(images) : nil)
        }
    }

    private func uploads(_ images: ProductImages) -> [ImageUpload] {
        images.images.compactMap { image -> ImageUpload? in
            guard case .success(let key?) = image.key else { return nil }
            let headers: Headers =
                tools.signing.rules.requiresType ? ["content-type": ImageFormat(of: key).mediaType] : [:]
            return ImageUpload(
                url: image.url, key: key,
                uploadURL: tools.signing.url(for: key, headers: headers, at: context.time),
                publicURL: tools.signing.bucket.publicURL(of: key), headers: headers)
        }
    }
}
