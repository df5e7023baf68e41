/// A push that Ozon may still carry out, so that a later push must not carry over the pictures that it replaces.
struct PendingPush: Equatable {
    /// Nil if it is unknown whether Ozon has accepted the import, because its response was lost.
    let taskID: Int?
    let replacesImages: Bool
    let replacesColor: Bool

    /// How long Ozon may take to carry it out. Imports finish within minutes. The time is shorter if Ozon may not even
    /// have the import.
    var lifetime: Duration { .seconds(taskID == nil ? 120 : 600) }

    /// Whether it may still replace pictures that the request leaves out.
    func affects(_ request: PictureRequest) -> Bool {
        replacesImages && request.images.isEmpty || replacesColor && request.color == nil
    }

    /// Whether this import, whose response was lost, no longer matters, because Ozon has accepted a later push that
    /// replaces at least the same pictures.
    func isSuperseded(by later: PendingPush) -> Bool {
        taskID == nil && later.taskID != nil && (later.replacesImages || !replacesImages)
            && (later.replacesColor || !replacesColor)
    }
}

extension PendingPush {
    init(taskID: Int?, _ sent: SentPictures) {
        self.init(taskID: taskID, replacesImages: !sent.images.isEmpty, replacesColor: sent.color != nil)
    }
}
