/// A push for which `pending` was returned. Ozon may still carry it out, so a later push must not carry over the
/// pictures that it replaces.
struct PendingPush: Equatable {
    let taskID: Int
    /// Nil if it is too long to be remembered.
    let offerID: String?
    let replacesImages: Bool
    let replacesColor: Bool

    /// Whether it may still replace pictures that the request leaves out.
    func affects(_ request: PictureRequest) -> Bool {
        replacesImages && request.images.isEmpty || replacesColor && request.color == nil
    }
}

extension PendingPush {
    init(taskID: Int, offerID: String, _ sent: SentPictures) {
        self.init(
            taskID: taskID, offerID: offerID, replacesImages: !sent.images.isEmpty, replacesColor: sent.color != nil)
    }
}
