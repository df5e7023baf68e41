import Core
import Ozon
import R2
import Relay
import Uploads

/// The images of one article's product, in Ozon's order. An image that can't be stored does not affect the others.
struct ProductImages: Sendable {
    let productID: Int
    let images: [Image]

    struct Image: Sendable {
        let url: String
        /// Where the image is stored, or would be.
        let key: Result<ObjectKey, Rejection>
    }

    struct Rejection: Error {
        let reason: String
    }

    var errors: [ImageFailure] {
        images.compactMap { image in
            guard case .failure(let rejection) = image.key else { return nil }
            return ImageFailure(url: image.url, reason: rejection.reason, detail: nil)
        }
    }
}

extension ProductImages {
    init(_ product: Product, of article: String, for input: Input, _ rules: UploadRules) {
        var keys = ImageKeys(userID: input.userID, article: article)
        productID = product.id
        images = product.images.map { url in
            Image(url: url, key: Result { () throws(Rejection) in try Self.key(for: url, &keys, input, rules) })
        }
    }

    private static func key(
        for url: String, _ keys: inout ImageKeys, _ input: Input, _ rules: UploadRules
    ) throws(Rejection) -> ObjectKey {
        if url.utf8.count > maxURLBytes { throw Rejection(reason: ImageHosts.Rejection.tooLong.reason) }
        if !isWebURL(url) { throw Rejection(reason: ImageHosts.Rejection.invalidURL.reason) }
        let key: ObjectKey
        do throws(ObjectKeyError) { key = try keys.key(for: url, in: input.allowedKeys) } catch {
            throw Rejection(reason: error.reason)
        }
        // A copy is stored with the type that its bytes have; a signed upload has the type of the file name.
        let type = ImageFormat(of: key).mediaType
        if !input.downloadsImages, input.presigns, rules.requiresType, rules.allowedType(type) == nil {
            throw Rejection(reason: "Type not allowed: \(type)")
        }
        return key
    }
}
