import Core
import Ozon
import R2
import Relay
import Uploads

/// The images of one article's product, in its order. One that can't be stored fails alone: the others go on.
struct ProductImages: Sendable {
    let images: [Image]

    struct Image: Sendable {
        let url: String
        /// nil if none is needed, because nothing is stored and nothing is signed; or why the image can't have one.
        let key: Result<ObjectKey?, Refusal>
    }

    /// Why an image can't be stored, for people.
    struct Refusal: Error {
        let reason: String
    }

    init(_ urls: [String], of article: String, for input: Input, _ rules: UploadRules) {
        var keys = ImageKeys(userID: input.userID, article: article)
        images = urls.map { url in
            Image(url: url, key: Result { () throws(Refusal) in try Self.key(for: url, &keys, input, rules) })
        }
    }

    /// Those that can be stored.
    var urls: [String] {
        images.compactMap { if case .success = $0.key { $0.url } else { nil } }
    }

    var errors: [ImageError] {
        images.compactMap { image in
            guard case .failure(let refusal) = image.key else { return nil }
            return ImageError(url: image.url, reason: refusal.reason, detail: nil)
        }
    }

    private static func key(
        for url: String, _ keys: inout ImageKeys, _ input: Input, _ rules: UploadRules
    ) throws(Refusal) -> ObjectKey? {
        if url.utf8.count > maxURLBytes { throw Refusal(reason: ImageHosts.Refusal.tooLong.reason) }
        if !isWebURL(url) { throw Refusal(reason: ImageHosts.Refusal.noURL.reason) }
        let key: ObjectKey
        do throws(KeyRefusal) {
            guard input.presign || input.downloadsImages else {
                try keys.checkKey(for: url)
                return nil
            }
            key = try keys.key(for: url, in: input.allowedKeys)
        } catch {
            throw Refusal(reason: error.reason)
        }
        // A copy is stored with the type of its bytes; a URL that is signed with a type, with that of the name.
        let type = ImageFormat(of: key).mediaType
        if !input.downloadsImages, rules.requiresType, rules.allowedType(type) == nil {
            throw Refusal(reason: "Type not allowed: \(type)")
        }
        return key
    }
}
