import Ozon

/// A distinct article of a request.
struct RequestedArticle: Sendable {
    let id: ArticleID
    /// Where the request's list has it, in ascending order; never empty.
    let indices: [Int]
}
