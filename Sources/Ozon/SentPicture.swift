import Core

/// A picture as Ozon gets it, and where it comes from.
struct SentPicture {
    /// The request's field: `images`, `images360` or `color_image`.
    let field: String
    /// The picture as the caller sent it, or a picture of the product's own.
    let original: Picture
    /// The URL that Ozon gets, which has a token if the picture is to be fetched again.
    let url: String

    init(_ original: Picture, in field: String, token: Int?) {
        self.field = field
        self.original = original
        url = addingRefetchToken(token, to: original.url)
    }

    init(current url: String, in field: String) {
        self.init(Picture(index: nil, url: url), in: field, token: nil)
    }

    func fault(_ reason: String) -> FieldFault {
        FieldFault(field: field, index: original.index, url: original.url, reason: reason)
    }
}
