import Core
import HTTPClient
import Ozon
import Upstreams

/// The articles of a call, each distinct one asked of Ozon once, up to 1000 in one question, all questions at once.
struct ProductLookup: Sendable {
    /// One question and its answer.
    struct Output: Sendable {
        let question: [(article: Exact, places: [Int])]
        let result: Result<[Exact: Product], any Error>
    }

    typealias Exact = ArticleID

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
            guard let exact = ArticleID(article, as: field) else {
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
    func answers(from tools: DownloadTools, as credential: Credential) -> AsyncStream<Output> {
        AsyncStream { continuation in
            let task = Task {
                await withTaskGroup(of: [Output].self) { group in
                    for question in questions {
                        group.addTask { await input(question, tools, credential) }
                    }
                    for await answers in group { for answer in answers { continuation.yield(answer) } }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// A success, and, apart from it, a failure of those articles whose rows can't be read.
    private func input(
        _ question: [(article: Exact, places: [Int])], _ tools: DownloadTools, _ credential: Credential
    ) async -> [Output] {
        do {
            let list = try await tools.seller.products(
                question.map(\.article.text), by: field, as: credential,
                within: Retry(budget: tools.timeout, retries: tools.retries))
            var found: [Exact: Product] = [:]
            var (unreadable, fault): (Set<Exact>, Fault?) = ([], nil)
            for (article, _) in question {
                do throws(Fault) {
                    found[article] = try Product(list.row(of: article))
                } catch  where error.code != .productNotFound {
                    unreadable.insert(article)
                    fault = error
                } catch {}
            }
            let success = Output(
                question: question.filter { !unreadable.contains($0.article) }, result: .success(found))
            guard let fault else { return [success] }
            let failed = question.filter { unreadable.contains($0.article) }
            return [success, Output(question: failed, result: .failure(fault))]
        } catch {
            return [Output(question: question, result: .failure(error))]
        }
    }
}
