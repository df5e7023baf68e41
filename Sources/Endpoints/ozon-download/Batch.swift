import Core
import Ozon

/// The result of one call to Ozon.
struct Batch: Sendable {
    struct Article: Sendable {
        /// The indices of the article in the request; never empty.
        let indices: [Int]
        /// The product, or why it could not be retrieved.
        let product: Result<Product, Fault>
    }

    let articles: [Article]
    /// Set if the whole call failed.
    let fault: Fault?

    init(_ articles: [RequestedArticle], in list: ProductList) {
        self.articles = articles.map { article in
            Article(
                indices: article.indices,
                product: Result { () throws(Fault) in try Product(list.row(of: article.id)) })
        }
        fault = nil
    }

    init(_ articles: [RequestedArticle], failedWith fault: Fault) {
        self.articles = articles.map { Article(indices: $0.indices, product: .failure(fault)) }
        self.fault = fault
    }
}
