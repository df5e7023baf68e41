/// The pictures that the caller sent, as Ozon gets them.
struct SentPictures {
    let images: [SentPicture]
    let images360: [SentPicture]
    let color: SentPicture?
    /// Whether the URLs have a token, so that Ozon fetches the pictures again.
    let haveRefetchToken: Bool
    /// Whether the caller sent no pictures, so that the product's current ones are assumed.
    let areAssumed: Bool

    init(_ request: PictureRequest, token: Int?) {
        images = request.images.map { SentPicture($0, in: "images", token: token) }
        images360 = request.images360.map { SentPicture($0, in: "images360", token: token) }
        color = request.color.map { SentPicture($0, in: "color_image", token: token) }
        (haveRefetchToken, areAssumed) = (token != nil, false)
    }

    /// The pictures of an earlier push. If the request doesn't list them, they are the product's current ones.
    init(_ request: PictureRequest, token: Int?, orAllOf current: CurrentPictures) {
        let listed = SentPictures(request, token: token)
        let isUnlisted = request.images.isEmpty
        images = isUnlisted ? current.images.map { SentPicture(current: $0, in: "images") } : listed.images
        let color = isUnlisted ? current.color.first.map { SentPicture(current: $0, in: "color_image") } : nil
        self.color = listed.color ?? color
        (images360, haveRefetchToken, areAssumed) = ([], listed.haveRefetchToken, request.isEmpty)
    }
}
