import Core
import Telemetry

/// The product's own pictures, sent again because the request has none in their place.
struct CarriedPictures {
    let images: [String]
    let color: String?

    /// - Throws: 502 if there are several color images. An import accepts one.
    init(from product: PushedProduct, missingIn request: PictureRequest) throws(Fault) {
        images = request.images.isEmpty ? product.images : []
        color = request.color == nil ? product.colorImages.first : nil
        if request.color == nil, product.colorImages.count > 1 {
            throw Fault(.ozonBadAnswer, detail: "The product has \(product.colorImages.count) color images, expected 1")
        }
    }

    /// Warnings about temporary URLs, which Ozon may be unable to fetch.
    var warnings: [FieldFault] {
        let pictures =
            images.map { SentPicture(current: $0, in: "images") }
            + (color.map { [SentPicture(current: $0, in: "color_image")] } ?? [])
        return pictures.filter { $0.url.contains("/s3/multimedia-tmp") }
            .map { $0.fault("Temporary URL on Ozon's CDN; it may have expired") }
    }
}
