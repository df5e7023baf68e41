import Core
import HTTP
import Ozon
import R2

/// What the endpoint holds: Ozon to ask, and a signer for `presign`.
struct Metadata: Tools {
    let seller: Seller
    let presigner: Presigner
    let rules: UploadRules
    let maxArticles: Int
    /// Of one call to Ozon, retries included.
    let timeout: Duration
    let retries: Int

    init?(_ settings: inout Settings) {
        let seller = settings.seller()
        let bucket = settings.bucket()
        rules = settings.uploadRules()
        maxArticles = settings.integer("OZON_MAX_ARTICLES", default: 5000, in: 1...100_000)
        timeout = .seconds(settings.integer("OZON_TIMEOUT", default: 30, in: 1...600))
        retries = settings.integer("OZON_MAX_RETRIES", default: 2, in: 0...10)
        guard let seller, let bucket else { return nil }
        self.seller = seller
        presigner = Presigner(bucket)
    }
}

/// One call's work: products are looked up, items are made of them.
struct Work: Sendable {
    private let ask: Ask
    private let tools: Metadata
    private let time: UTCTime

    /// URLs signed at once are answered in one piece only up to this many articles.
    private static let maxPresigned = 500

    /// - Throws: 400 or 403 for what is known before Ozon is asked.
    init(_ ask: Ask, _ call: Call<Metadata>) throws(Fault) {
        self.ask = ask
        tools = call.tools
        time = call.time
        guard ask.presign else { return }
        if !call.wantsLines, ask.lookup.articles.count > Self.maxPresigned {
            let reason = "Exceeds limit (\(Self.maxPresigned))"
            throw Fault(errors: [FieldFault(field: "articles", reason: reason)])
        }
        for article in ask.lookup.articles {
            // A key that is invalid, as opposed to forbidden, fails its article alone.
            guard let key = try? ImageKeys(userID: ask.userID, article: article).sample() else { continue }
            try call.allow(key, by: tools.rules)
        }
    }

    /// All items in the order of the articles.
    func whole() async throws -> Answer {
        var items = [Item?](repeating: nil, count: ask.lookup.articles.count)
        for place in ask.lookup.invalid { items[place] = invalid(at: place) }
        let failure = try await firstSuccess(in: ask.lookup.answers(from: tools, as: ask.credential)) { answer in
            for place in answer.places { items[place] = item(at: place, answer.result) }
            return true
        }
        if let failure { throw failure }
        return Answer(content: .whole(items.compactMap { $0 }))
    }

    /// The same told line by line. Ozon's first good answer begins the stream: until then an error keeps its status.
    func lines() async throws -> Answer {
        let answers = ask.lookup.answers(from: tools, as: ask.credential)
        var early: [Lookup.Answer] = []
        let failure = try await firstSuccess(in: answers) { answer in
            early.append(answer)
            return (try? answer.result.get()) == nil
        }
        if let failure { throw failure }
        return Answer(
            content: .lines { [early] writer in
                var lines = Lines(writer, articles: ask.lookup.articles.count)
                try await lines.start()
                for place in ask.lookup.invalid { try await lines.item(place, invalid(at: place)) }
                for answer in early { try await tell(answer, &lines) }
                for await answer in answers { try await tell(answer, &lines) }
                try Task.checkCancellation()
                try await lines.done()
            })
    }

    private func tell(_ answer: Lookup.Answer, _ lines: inout Lines) async throws {
        try refuse(answer)
        for place in answer.places { try await lines.item(place, item(at: place, answer.result)) }
    }

    /// Runs through the answers until `go` has enough. Answers the first failure if there were failures only.
    private func firstSuccess(
        in answers: AsyncStream<Lookup.Answer>, _ go: (Lookup.Answer) -> Bool
    ) async throws -> (any Error)? {
        var failure: (any Error)?
        var succeeded = ask.lookup.questions.isEmpty
        for await answer in answers {
            try refuse(answer)
            if case .failure(let error) = answer.result { failure = failure ?? error } else { succeeded = true }
            if !go(answer) { break }
        }
        try Task.checkCancellation()
        return succeeded ? nil : failure
    }

    /// A credential that Ozon refuses ends the whole call, whatever the others found.
    private func refuse(_ answer: Lookup.Answer) throws {
        guard case .failure(let error) = answer.result else { return }
        if let fault = error as? Fault, fault.kind != .ozonUnauthorized { return }
        throw error
    }

    private func invalid(at place: Int) -> Item {
        Item(article: ask.lookup.articles[place], outcome: .failed("Must be an integer"))
    }

    private func item(at place: Int, _ result: Result<[Lookup.Exact: Product], any Error>) -> Item {
        let article = ask.lookup.articles[place]
        switch result {
        case .failure(let error):
            let kind = (error as? Fault)?.kind ?? .internalError
            return Item(article: article, outcome: .failed(kind.row.error))
        case .success(let products):
            guard let product = ask.lookup.product(at: place, in: products) else {
                return Item(article: article, outcome: .failed(Fault.Kind.productNotFound.row.error))
            }
            do throws(ObjectKey.Invalid) {
                let uploads = ask.presign ? try uploads(product.images, article) : nil
                return Item(
                    article: article, outcome: .found(productID: product.id, urls: product.images, uploads: uploads))
            } catch {
                return Item(article: article, outcome: .failed("Invalid path: \(error.reason)"))
            }
        }
    }

    private func uploads(_ urls: [String], _ article: String) throws(ObjectKey.Invalid) -> [ImageUpload] {
        var keys = ImageKeys(userID: ask.userID, article: article)
        var uploads: [ImageUpload] = []
        for url in urls {
            let key = try keys.key(for: url)
            let headers = tools.rules.requiresType ? [("content-type", mediaType(of: key))] : []
            uploads.append(
                ImageUpload(
                    url: url, key: key,
                    uploadURL: tools.presigner.url(key, headers: headers, expiresIn: 3600, at: time),
                    publicURL: tools.presigner.bucket.publicURL(of: key), headers: headers))
        }
        return uploads
    }
}
