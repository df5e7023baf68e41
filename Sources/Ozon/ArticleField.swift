/// Which of a product's ids the caller's article numbers are.
package enum ArticleField: String, Sendable, CaseIterable {
    case offerID = "offer_id"
    case productID = "product_id"
    case sku
}
