import Core

/// A product whose images are listed or copied: its row of the product list.
package struct Product: Sendable, Equatable {
    package let id: Int
    /// In Ozon's order, without duplicates and with the main picture first.
    package let images: [String]

    package init(_ row: ResponseValue) throws(Fault) {
        id = try row.id("id")
        images = distinct(try row.urls("primary_image") + row.urls("images"))
    }
}
