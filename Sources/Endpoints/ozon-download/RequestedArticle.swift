import Ozon

/// A distinct article of a request.
struct RequestedArticle: Sendable {
    let id: ArticleID
    /// The indices of the article in the request, in ascending order; never empty.
    let indices: [Int]
}
