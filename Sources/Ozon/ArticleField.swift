/// The kind of id that an article number is.
package enum ArticleField: String, Sendable, CaseIterable {
    case offerID = "offer_id"
    case productID = "product_id"
    case sku
}
