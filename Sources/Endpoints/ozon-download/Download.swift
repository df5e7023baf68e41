import Core
import Encoding
import Ozon
import R2
import Relay
import Telemetry
import Uploads

/// The tools of ozon-download.
struct DownloadTools: Tools {
    let seller: Seller
    let signing: SigningTools
    let relay: ImageRelay
    let maxArticles: Int
    /// Of one call to Ozon, including its retries.
    let timeout: Duration
    let retries: Int

    init?(_ settings: inout Settings) {
        let seller = settings.seller()
        let signing = SigningTools(&settings)
        let relay = ImageRelay(&settings, signing?.bucket)
        maxArticles = settings.integer(
            "OZON_MAX_ARTICLES", default: 5000, in: 1...100_000, "The most articles in one request.")
        timeout = settings.seconds(
            "OZON_TIMEOUT", default: 30, in: 1...600,
            "How many seconds one call to Ozon's API may take, including its retries.")
        retries = settings.integer(
            "OZON_MAX_RETRIES", default: 2, in: 0...10, "How often each call to Ozon's API is retried.")
        guard let seller, let signing, let relay else { return nil }
        self.seller = seller
        self.signing = signing
        self.relay = relay
    }
}

/// One call's work: products are looked up, items are made of them.
struct Download: Sendable {
    private let input: Input
    private let context: RequestContext<DownloadTools>
    private let tools: DownloadTools

    init(_ input: Input, _ context: RequestContext<DownloadTools>) {
        self.input = input
        self.context = context
        tools = context.tools
    }

    /// All items in the order of the articles.
    func whole() async throws -> Output {
        let answers = input.lookup.answers(from: tools, as: input.credential)
        let early = try await untilFirstSuccess(answers)
        var items = [Item?](repeating: nil, count: input.lookup.articles.count)
        try await run(early, answers) { items[$0] = $1 }
        return .items(items.compactMap { $0 })
    }

    /// The same told line by line. Ozon's first good answer begins the stream: until then an error keeps its status.
    func lines() async throws -> Output {
        let answers = input.lookup.answers(from: tools, as: input.credential)
        let early = try await untilFirstSuccess(answers)
        return .stream { writer in
            var lines = ItemStream(writer, articles: input.lookup.articles.count)
            try await lines.start()
            try await run(early, answers) { try await lines.item($0, $1) }
            try await lines.done()
        }
    }

    /// Ozon's answers up to the first good one. Throws the first failure if there are failures only.
    private func untilFirstSuccess(_ answers: AsyncStream<ProductLookup.Output>) async throws -> [ProductLookup.Output] {
        if input.lookup.questions.isEmpty { return [] }
        var early: [ProductLookup.Output] = []
        for await answer in answers {
            try refuse(answer)
            early.append(answer)
            if case .success = answer.result { return early }
        }
        try Task.checkCancellation()
        if case .failure(let error)? = early.first?.result { throw error }
        return early
    }

    /// Makes an item of every article, as the answers and the copies come in.
    private func run(
        _ early: [ProductLookup.Output], _ answers: AsyncStream<ProductLookup.Output>, tellItem: (Int, Item) async throws -> Void
    ) async throws {
        func tell(_ places: [Int], _ outcome: Item.Outcome) async throws {
            for place in places {
                try await tellItem(place, Item(article: input.lookup.articles[place], outcome: outcome))
            }
        }
        try await tell(input.lookup.invalid, .failed("Must be an integer"))
        if input.downloadsImages {
            try await copy(early, answers, tell)
        } else {
            func tellAll(_ answer: ProductLookup.Output) async throws {
                try refuse(answer)
                for (article, places) in answer.question {
                    try await tell(places, metadata(product(article, answer.result), places[0]))
                }
            }
            for answer in early { try await tellAll(answer) }
            for await answer in answers { try await tellAll(answer) }
        }
        try Task.checkCancellation()
    }

    private func copy(
        _ early: [ProductLookup.Output], _ answers: AsyncStream<ProductLookup.Output>,
        _ tell: ([Int], Item.Outcome) async throws -> Void
    ) async throws {
        let copying = CopyQueue(
            relay: tools.relay, bucket: tools.signing.bucket, skipsExisting: input.skipsExisting)
        try await copying.run { events in
            @Sendable func feed(_ answer: ProductLookup.Output) throws {
                try refuse(answer)
                events.yield(.articles(answer.question.map { copyable(product($0.article, answer.result), $0.places) }))
            }
            for answer in early { try feed(answer) }
            for await answer in answers { try feed(answer) }
        } tell: { places, outcome in
            try await tell(places, outcome)
        }
    }

    /// A credential that Ozon refuses ends the whole call, whatever the others found.
    private func refuse(_ answer: ProductLookup.Output) throws {
        guard case .failure(let error) = answer.result else { return }
        if let fault = error as? Fault, fault.code != .ozonUnauthorized { return }
        throw error
    }

    /// The product, or why there is none.
    private func product(
        _ article: ProductLookup.Exact, _ result: Result<[ProductLookup.Exact: Product], any Error>
    ) -> Result<Product, Refusal> {
        switch result {
        case .failure(let error):
            .failure(Refusal(reason: ((error as? Fault)?.code ?? .internalError).message))
        case .success(let products):
            products[article].map { .success($0) } ?? .failure(Refusal(reason: ErrorCode.productNotFound.message))
        }
    }

    private func metadata(_ product: Result<Product, Refusal>, _ place: Int) -> Item.Outcome {
        switch product {
        case .success(let product):
            let images = ProductImages(product.images, of: input.lookup.articles[place], for: input, tools.signing.rules)
            return .found(
                productID: product.id, urls: images.urls, errors: images.errors,
                uploads: input.presign ? uploads(images) : nil)
        case .failure(let refusal): return .failed(refusal.reason)
        }
    }

    private func copyable(_ product: Result<Product, Refusal>, _ places: [Int]) -> CopyQueue.Found {
        switch product {
        case .success(let product):
            let images = ProductImages(product.images, of: input.lookup.articles[places[0]], for: input, tools.signing.rules)
            return .article(CopyQueue.Article(places: places, productID: product.id, images: images.images))
        case .failure(let refusal): return .failed(places, refusal.reason)
        }
    }

    /// Why an article has no product, for people.
    private struct Refusal: Error {
        let reason: String
    }

    private func uploads(_ images: ProductImages) -> [ImageUpload] {
        images.images.compactMap { image -> ImageUpload? in
            guard case .success(let key?) = image.key else { return nil }
            let headers: Headers = tools.signing.rules.requiresType ? ["content-type": ImageFormat(of: key).mediaType] : [:]
            return ImageUpload(
                url: image.url, key: key,
                uploadURL: tools.signing.url(for: key, headers: headers, at: context.time),
                publicURL: tools.signing.bucket.publicURL(of: key), headers: headers)
        }
    }
}
