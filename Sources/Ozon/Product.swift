import Core

package struct Product: Sendable {
    package let id: Int
    /// In Ozon's order, without duplicates and with the main picture first.
    package let images: [String]

    package init(_ row: ResponseValue) throws(Fault) {
        id = try row.id("id")
        images = distinct(try row.urls("primary_image") + row.urls("images"))
    }
}
