import Core

/// One of the caller's pictures, with the URL under which it goes to Ozon.
struct SentPicture {
    let picture: Picture
    let url: String

    func fault(_ field: String, _ reason: String) -> FieldFault {
        FieldFault(field: field, index: picture.index, url: picture.url, reason: reason)
    }
}

/// The caller's pictures as they are sent.
struct SentPictures {
    let images: [SentPicture]
    let images360: [SentPicture]
    let color: SentPicture?
    /// Their URLs were changed so that Ozon fetches them again.
    let isMarked: Bool

    init(_ request: PictureRequest, mark: Int?) {
        func sent(_ picture: Picture) -> SentPicture { SentPicture(picture: picture, url: marked(picture.url, mark)) }
        images = request.images.map(sent)
        images360 = request.images360.map(sent)
        color = request.color.map(sent)
        isMarked = mark != nil
    }

    /// For a push of which only the task is known: without the caller's list, all that stands is what was sent.
    init(_ request: PictureRequest, orAllOf standing: StandingPictures) {
        func sent(_ url: String) -> Picture { Picture(index: nil, url: url) }
        let isUnknown = request.images.isEmpty
        let images = isUnknown ? standing.images.map(sent) : request.images
        let color = request.color ?? (isUnknown ? standing.color.first.map(sent) : nil)
        self.images = images.map { SentPicture(picture: $0, url: $0.url) }
        self.color = color.map { SentPicture(picture: $0, url: $0.url) }
        (images360, isMarked) = ([], false)
    }
}

/// The product's pictures that are sent along because the caller gave none in their place.
struct CarriedPictures {
    let images: [String]
    let color: String?

    /// - Throws: 502 if they can't all be carried over: an import takes one color image.
    init(from product: PushedProduct, besides request: PictureRequest) throws(Fault) {
        images = request.images.isEmpty ? product.images : []
        color = request.color == nil ? product.colorImages.first : nil
        if request.color == nil, product.colorImages.count > 1 {
            throw Fault(.ozonBadAnswer, detail: "The product has \(product.colorImages.count) color images, expected 1")
        }
    }

    /// Those at an address that Ozon's CDN gives up after a while, so that Ozon may be unable to fetch them again.
    var warnings: [FieldFault] {
        (images.map { ("images", $0) } + (color.map { [("color_image", $0)] } ?? [])).compactMap { field, url in
            guard url.contains("/s3/multimedia-tmp") else { return nil }
            return FieldFault(field: field, url: url, reason: "Temporary address on Ozon's CDN, may have expired")
        }
    }
}

/// `https://a/b.jpg?x=1#f` → `https://a/b.jpg?x=1&v=1732104000#f`
func marked(_ url: String, _ mark: Int?) -> String {
    guard let mark else { return url }
    let end = url.utf8.firstIndex(of: UInt8(ascii: "#")) ?? url.endIndex
    let separator = url.utf8[..<end].contains(UInt8(ascii: "?")) ? "&" : "?"
    return "\(url[..<end])\(separator)v=\(mark)\(url[end...])"
}
