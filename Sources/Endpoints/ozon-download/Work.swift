import Core
import HTTP
import Ozon
import R2
import Relay

/// What the endpoint holds: Ozon to ask, a signer for `presign`, a relay for copies.
struct Downloading: Tools {
    let seller: Seller
    let presigner: Presigner
    let relay: ImageRelay
    let rules: UploadRules
    let maxArticles: Int
    /// Of one call to Ozon, retries included.
    let timeout: Duration
    let retries: Int

    init?(_ settings: inout Settings) {
        let seller = settings.seller()
        let bucket = settings.bucket()
        let relay = ImageRelay(&settings, bucket)
        rules = settings.uploadRules()
        maxArticles = settings.integer("OZON_MAX_ARTICLES", default: 5000, in: 1...100_000)
        timeout = .seconds(settings.integer("OZON_TIMEOUT", default: 30, in: 1...600))
        retries = settings.integer("OZON_MAX_RETRIES", default: 2, in: 0...10)
        guard let seller, let bucket, let relay else { return nil }
        self.seller = seller
        self.relay = relay
        presigner = Presigner(bucket)
    }
}

/// One call's work: products are looked up, items are made of them.
struct Work: Sendable {
    private let ask: Ask
    private let call: Call<Downloading>
    private let tools: Downloading

    init(_ ask: Ask, _ call: Call<Downloading>) {
        self.ask = ask
        self.call = call
        tools = call.tools
    }

    /// All items in the order of the articles.
    func whole() async throws -> Answer {
        let answers = ask.lookup.answers(from: tools, as: ask.credential)
        let early = try await untilFirstSuccess(answers)
        var items = [Item?](repeating: nil, count: ask.lookup.articles.count)
        try await run(early, answers) { items[$0] = $1 }
        return Answer(content: .whole(items.compactMap { $0 }))
    }

    /// The same told line by line. Ozon's first good answer begins the stream: until then an error keeps its status.
    func lines() async throws -> Answer {
        let answers = ask.lookup.answers(from: tools, as: ask.credential)
        let early = try await untilFirstSuccess(answers)
        return Answer(
            content: .lines { writer in
                var lines = Lines(writer, articles: ask.lookup.articles.count)
                try await lines.start()
                try await run(early, answers) { try await lines.item($0, $1) }
                try await lines.done()
            })
    }

    /// Ozon's answers up to the first good one. Throws the first failure if there are failures only.
    private func untilFirstSuccess(_ answers: AsyncStream<Lookup.Answer>) async throws -> [Lookup.Answer] {
        if ask.lookup.questions.isEmpty { return [] }
        var early: [Lookup.Answer] = []
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
        _ early: [Lookup.Answer], _ answers: AsyncStream<Lookup.Answer>, tellItem: (Int, Item) async throws -> Void
    ) async throws {
        func tell(_ places: [Int], _ outcome: Item.Outcome) async throws {
            for place in places {
                try await tellItem(place, Item(article: ask.lookup.articles[place], outcome: outcome))
            }
        }
        try await tell(ask.lookup.invalid, .failed("Must be an integer"))
        if ask.downloadsImages {
            try await copy(early, answers, tell)
        } else {
            func tellAll(_ answer: Lookup.Answer) async throws {
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
        _ early: [Lookup.Answer], _ answers: AsyncStream<Lookup.Answer>,
        _ tell: ([Int], Item.Outcome) async throws -> Void
    ) async throws {
        let copying = Copying(
            relay: tools.relay, bucket: tools.presigner.bucket, skipsExisting: ask.skipsExisting)
        try await copying.run { events in
            @Sendable func feed(_ answer: Lookup.Answer) throws {
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
    private func refuse(_ answer: Lookup.Answer) throws {
        guard case .failure(let error) = answer.result else { return }
        if let fault = error as? Fault, fault.kind != .ozonUnauthorized { return }
        throw error
    }

    /// The product, or why there is none.
    private func product(
        _ article: Lookup.Exact, _ result: Result<[Lookup.Exact: Product], any Error>
    ) -> Result<Product, Refusal> {
        switch result {
        case .failure(let error):
            .failure(Refusal(reason: ((error as? Fault)?.kind ?? .internalError).row.error))
        case .success(let products):
            products[article].map { .success($0) } ?? .failure(Refusal(reason: Fault.Kind.productNotFound.row.error))
        }
    }

    private func metadata(_ product: Result<Product, Refusal>, _ place: Int) -> Item.Outcome {
        switch product {
        case .success(let product):
            let images = ProductImages(product.images, of: ask.lookup.articles[place], for: ask, tools.rules)
            return .found(
                productID: product.id, urls: images.urls, errors: images.errors,
                uploads: ask.presign ? uploads(images) : nil)
        case .failure(let refusal): return .failed(refusal.reason)
        }
    }

    private func copyable(_ product: Result<Product, Refusal>, _ places: [Int]) -> Copying.Found {
        switch product {
        case .success(let product):
            let images = ProductImages(product.images, of: ask.lookup.articles[places[0]], for: ask, tools.rules)
            return .article(Copying.Article(places: places, productID: product.id, images: images.images))
        case .failure(let refusal): return .failed(places, refusal.reason)
        }
    }

    /// Why an article has no product, for people.
    private struct Refusal: Error {
        let reason: String
    }

    private func uploads(_ images: ProductImages) -> [ImageUpload] {
        let uploads = images.images.compactMap { image -> ImageUpload? in
            guard case .success(let key?) = image.key else { return nil }
            let headers = tools.rules.requiresType ? [("content-type", ImageFormat(of: key).mediaType)] : []
            return ImageUpload(
                url: image.url, key: key,
                uploadURL: tools.presigner.url(key, headers: headers, expiresIn: 3600, at: call.time),
                publicURL: tools.presigner.bucket.publicURL(of: key), headers: headers)
        }
        call.signed(uploads.count)
        return uploads
    }
}
