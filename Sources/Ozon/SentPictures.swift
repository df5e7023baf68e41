import Encoding
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
    /// The caller named none: these are the pictures that stand.
    let areAssumed: Bool

    init(_ request: PictureRequest, mark: Int?) {
        func sent(_ picture: Picture) -> SentPicture { SentPicture(picture: picture, url: marked(picture.url, mark)) }
        images = request.images.map(sent)
        images360 = request.images360.map(sent)
        color = request.color.map(sent)
        (isMarked, areAssumed) = (mark != nil, false)
    }

    /// For a push of which only the task is known: without the caller's list, all that stands is what was sent.
    init(_ request: PictureRequest, mark: Int?, orAllOf standing: CurrentPictures) {
        func sent(_ url: String) -> SentPicture {
            SentPicture(picture: Picture(index: nil, url: url), url: url)
        }
        let named = SentPictures(request, mark: mark)
        let isUnknown = request.images.isEmpty
        images = isUnknown ? standing.images.map(sent) : named.images
        color = named.color ?? (isUnknown ? standing.color.first.map(sent) : nil)
        (images360, isMarked, areAssumed) = ([], named.isMarked, request.isEmpty)
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
    let end = url.utf8.firstIndex(of: .numberSign) ?? url.endIndex
    let separator = url.utf8[..<end].contains(.questionMark) ? "&" : "?"
    return "\(url[..<end])\(separator)v=\(mark)\(url[end...])"
}

/// The mark of an earlier push of these pictures, the latest if there are several; nil if no text has a URL with one.
func latestMark(of request: PictureRequest, in texts: [[UInt8]]) -> Int? {
    let pictures = request.images + (request.color.map { [$0] } ?? [])
    return pictures.compactMap { picture in
        let url = Array(marked(picture.url, 0).utf8)
        let zero = url.firstIndex(of: .numberSign) ?? url.endIndex
        let start = url[..<(zero - 1)]
        return texts.compactMap { text in
            text.indices.compactMap { index -> Int? in
                guard text[index] == start[0], text[index...].starts(with: start) else { return nil }
                let digits = text[(index + start.count)...].prefix {
                    $0.isASCIIDigit
                }
                return positiveInteger(String(decoding: digits, as: UTF8.self))
            }.max()
        }.max()
    }.max()
}
