import Core
import Ozon

/// The result for one distinct article.
struct ArticleResult<Value: Sendable>: Sendable {
    /// Its indices in the request's list, ascending; never empty.
    let indices: [Int]
    /// What was found for the article: its product, its images, or the reason that there is none.
    let value: Result<Value, Fault>
}

/// The result of one call to Ozon.
struct Batch: Sendable {
    let articles: [ArticleResult<Product>]
    /// Set if the whole call failed.
    let fault: Fault?

    init(_ articles: [RequestedArticle], in list: ProductList) {
        self.articles = articles.map { article in
            ArticleResult(
                indices: article.indices,
                value: Result { () throws(Fault) in try list.product(of: article.id, Product.init) })
        }
        fault = nil
    }

    init(_ articles: [RequestedArticle], failedWith fault: Fault) {
        self.articles = articles.map { ArticleResult(indices: $0.indices, value: .failure(fault)) }
        self.fault = fault
    }
}
