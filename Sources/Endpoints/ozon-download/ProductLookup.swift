import Core
import Ozon
import Telemetry
import Upstreams

/// A distinct article of a request.
struct RequestedArticle: Sendable {
    let id: ArticleID
    /// Its indices in the request's list, ascending; never empty.
    let indices: [Int]
}

/// The articles of a request. Each distinct one is looked up once, in simultaneous calls of at most
/// `Seller.maxArticlesPerCall` articles.
struct ProductLookup: Sendable {
    let articles: [String]
    /// The indices of articles that aren't valid ids of the requested kind. They aren't sent to Ozon; only they fail.
    let invalid: [Int]
    private let field: ArticleField
    private let chunks: [[RequestedArticle]]

    init(_ articles: [String], by field: ArticleField) {
        self.articles = articles
        self.field = field
        var invalid: [Int] = []
        var ids: [ArticleID] = []
        var indices: [ArticleID: [Int]] = [:]
        for (index, article) in articles.enumerated() {
            guard let id = ArticleID(article, as: field) else {
                invalid.append(index)
                continue
            }
            if indices[id] == nil { ids.append(id) }
            indices[id, default: []].append(index)
        }
        self.invalid = invalid
        chunks = stride(from: 0, to: ids.count, by: Seller.maxArticlesPerCall).map { start in
            ids[start...].prefix(Seller.maxArticlesPerCall).map { RequestedArticle(id: $0, indices: indices[$0]!) }
        }
    }

    /// Starts the calls and returns once one of them has succeeded. The calls are cancelled when the stream is released
    /// or when the task that iterates over it is cancelled.
    /// - Returns: the results so far, and the further ones in the order in which they arrive. The stream fails as soon
    ///   as Ozon denies the credential.
    /// - Throws: the first failure if all calls fail, or that of the credential.
    func start(
        _ tools: DownloadTools, as credential: Credential
    ) async throws -> (first: [ArticleResult<Product>], rest: AsyncThrowingStream<Batch, any Error>) {
        let (batches, output) = AsyncThrowingStream.makeStream(of: Batch.self)
        let task = Task {
            do {
                try await withThrowingTaskGroup(of: Batch.self) { group in
                    for articles in chunks { group.addTask { try await result(articles, tools, credential) } }
                    for try await batch in group { output.yield(batch) }
                }
                output.finish()
            } catch {
                output.finish(throwing: error)
            }
        }
        output.onTermination = { _ in task.cancel() }
        var first: [ArticleResult<Product>] = []
        var firstFault: Fault?
        for try await batch in batches {
            first += batch.articles
            guard let fault = batch.fault else { return (first, batches) }
            firstFault = firstFault ?? fault
        }
        try Task.checkCancellation()
        if let firstFault { throw firstFault }
        return (first, batches)
    }

    private func result(
        _ articles: [RequestedArticle], _ tools: DownloadTools, _ credential: Credential
    ) async throws -> Batch {
        do {
            let list = try await tools.seller.products(
                articles.map(\.id.text), by: field, as: credential,
                within: RetryBudget(tools.timeout, retries: tools.retries))
            return Batch(articles, in: list)
        } catch let fault as Fault where fault.code != .ozonUnauthorized {
            return Batch(articles, failedWith: fault)
        }
    }
}
