/// A push that Ozon may still carry out, so that a later push must not carry over the pictures that it replaces.
struct PendingPush: Equatable {
    /// Nil if Ozon's response to the import was lost, so that its task is unknown.
    let taskID: Int?
    let replacesImages: Bool
    let replacesColor: Bool

    /// How long Ozon may take to carry it out. Imports finish within minutes, so an older one is considered lost.
    var lifetime: Duration { .seconds(taskID == nil ? 120 : 600) }

    /// Whether it may still replace pictures that the request leaves out.
    func affects(_ request: PictureRequest) -> Bool {
        replacesImages && request.images.isEmpty || replacesColor && request.color == nil
    }
}

extension PendingPush {
    init(taskID: Int?, _ sent: SentPictures) {
        self.init(taskID: taskID, replacesImages: !sent.images.isEmpty, replacesColor: sent.color != nil)
    }
}
