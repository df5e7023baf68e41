import Core

/// A picture as Ozon gets it, and where it comes from.
struct SentPicture {
    /// The request's field: `images`, `images360` or `color_image`.
    let field: String
    /// The picture as the caller sent it, or a picture of the product's own.
    let picture: Picture
    /// The URL that Ozon gets, which has a token if the picture is to be fetched again.
    let url: String

    init(_ picture: Picture, in field: String, token: Int?) {
        self.field = field
        self.picture = picture
        url = cacheBusted(picture.url, token: token)
    }

    init(current url: String, in field: String) {
        self.init(Picture(index: nil, url: url), in: field, token: nil)
    }

    func fault(_ reason: String) -> FieldFault {
        FieldFault(field: field, index: picture.index, url: picture.url, reason: reason)
    }
}
