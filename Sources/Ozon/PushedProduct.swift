import Core

/// A product whose pictures are replaced: its row of the product list.
struct PushedProduct: Equatable {
    let id: Int
    let offerID: String
    let images: [String]
    let colorImages: [String]
    /// Ozon accepts no pictures for a product that is archived or not yet created.
    let acceptsPictures: Bool

    init(_ row: ResponseValue) throws(Fault) {
        id = try row.id("id")
        offerID = try row.string("offer_id")
        // These URLs may be sent back to Ozon, so they are checked.
        images = distinct(try row.webURLs("primary_image") + row.webURLs("images"))
        colorImages = distinct(try row.webURLs("color_image"))
        let isArchived = try row.bool(ifAny: "is_archived") ?? false
        let isCreated = try row.object(ifAny: "statuses")?.bool(ifAny: "is_created") ?? true
        acceptsPictures = !isArchived && isCreated
    }
}
