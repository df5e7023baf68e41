import Core
import Ozon
import Upstreams

/// The articles of a request. Each distinct one is looked up once, in simultaneous calls of at most
/// `Seller.maxArticles` articles.
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
        chunks = stride(from: 0, to: ids.count, by: Seller.maxArticles).map { start in
            ids[start...].prefix(Seller.maxArticles).map { RequestedArticle(id: $0, indices: indices[$0]!) }
        }
    }

    /// Starts the calls and returns once one of them has succeeded. The calls are cancelled when the stream is released
    /// or when the task that iterates over it is cancelled.
    /// - Returns: the results in order of arrival. The stream fails as soon as Ozon denies the credential.
    /// - Throws: the first error if all calls fail, or `ozonUnauthorized` if Ozon denies the credential.
    func start(_ tools: DownloadTools, as credential: Credential) async throws -> AsyncThrowingStream<Batch, any Error>
    {
        let (batches, output) = AsyncThrowingStream.makeStream(of: Batch.self)
        let (firstSuccess, signal) = AsyncThrowingStream.makeStream(of: Never.self)
        let task = Task {
            do {
                try await withThrowingTaskGroup(of: Batch.self) { group in
                    var firstFault: Fault?
                    for articles in chunks { group.addTask { try await result(articles, tools, credential) } }
                    for try await batch in group {
                        output.yield(batch)
                        if batch.fault == nil { signal.finish() }
                        firstFault = firstFault ?? batch.fault
                    }
                    // Has no effect after a success.
                    signal.finish(throwing: firstFault)
                }
                output.finish()
            } catch {
                signal.finish(throwing: error)
                output.finish(throwing: error)
            }
        }
        output.onTermination = { _ in task.cancel() }
        for try await _ in firstSuccess {}
        try Task.checkCancellation()
        return batches
    }

    private func result(
        _ articles: [RequestedArticle], _ tools: DownloadTools, _ credential: Credential
    ) async throws -> Batch {
        do {
            let list = try await tools.seller.products(
                articles.map(\.id.text), by: field, as: credential,
                within: Retry(budget: tools.timeout, retries: tools.retries))
            return Batch(articles, in: list)
        } catch let fault as Fault where fault.code != .ozonUnauthorized {
            return Batch(articles, failedWith: fault)
        }
    }
}
