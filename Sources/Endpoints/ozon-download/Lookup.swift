import Core
import HTTPClient
import Ozon

/// The articles of a call, each distinct one asked of Ozon once, up to 1000 in one question, all questions at once.
struct Lookup: Sendable {
    /// One question and its answer.
    struct Answer: Sendable {
        let question: [(article: Exact, places: [Int])]
        let result: Result<[Exact: Product], any Error>
    }

    /// An article as Ozon is asked for it, compared by bytes: Swift's strings would take `é` in two spellings for one.
    struct Exact: Hashable, Sendable {
        let text: String

        static func == (a: Exact, b: Exact) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    let articles: [String]
    let field: ArticleField
    /// Places of articles that can't be ids of that field: they fail alone and aren't sent.
    let invalid: [Int]
    /// At most `Seller.maxArticles` distinct articles each.
    let questions: [[(article: Exact, places: [Int])]]

    init(_ articles: [String], by field: ArticleField) {
        self.articles = articles
        self.field = field
        var invalid: [Int] = []
        var order: [Exact] = []
        var places: [Exact: [Int]] = [:]
        for (place, article) in articles.enumerated() {
            guard let exact = Self.exact(article, field) else {
                invalid.append(place)
                continue
            }
            if places[exact] == nil { order.append(exact) }
            places[exact, default: []].append(place)
        }
        self.invalid = invalid
        questions = stride(from: 0, to: order.count, by: Seller.maxArticles).map { start in
            order[start..<min(start + Seller.maxArticles, order.count)].map { ($0, places[$0]!) }
        }
    }

    /// Answers as they come in. Ending the iteration, or cancelling the task that iterates, cancels what is under way.
    func answers(from tools: Downloading, as credential: Credential) -> AsyncStream<Answer> {
        AsyncStream { continuation in
            let task = Task {
                await withTaskGroup(of: Answer.self) { group in
                    for question in questions {
                        group.addTask { await ask(question, tools, credential) }
                    }
                    for await answer in group { continuation.yield(answer) }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func ask(
        _ question: [(article: Exact, places: [Int])], _ tools: Downloading, _ credential: Credential
    ) async -> Answer {
        do {
            let products = try await tools.seller.products(
                question.map(\.article.text), by: field, as: credential,
                within: Retry(budget: tools.timeout, retries: tools.retries))
            var found: [Exact: Product] = [:]
            for product in products {
                if let id = id(of: product) { found[Exact(text: id)] = product }
            }
            return Answer(question: question, result: .success(found))
        } catch {
            return Answer(question: question, result: .failure(error))
        }
    }

    private func id(of product: Product) -> String? {
        switch field {
        case .offerID: product.offerID
        case .productID: String(product.id)
        case .sku: product.sku.map(String.init)
        }
    }

    /// Numbers are asked for in their plain spelling: `007` is 7.
    private static func exact(_ article: String, _ field: ArticleField) -> Exact? {
        field == .offerID ? Exact(text: article) : positiveInteger(article).map { Exact(text: String($0)) }
    }
}
