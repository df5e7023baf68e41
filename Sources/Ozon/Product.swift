import Core

/// The images of a seller's product.
package struct Product: Sendable {
    package let id: Int
    /// In the site's order, the main picture first, without repetitions.
    package let images: [String]

    package init(_ row: ResponseValue) throws(Fault) {
        id = try row.id("id")
        images = distinct(try row.urls("primary_image") + row.urls("images"))
    }
}
