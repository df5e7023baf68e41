import Synchronization

/// The last push of each product for which this process returned `pending`. Ozon may still carry it out, so a later
/// push must not carry over the pictures that it replaces.
final class PendingPushes: Sendable {
    struct Entry {
        let taskID: Int
        let offerID: String
        let replacesImages: Bool
        let replacesColor: Bool
        fileprivate let expires = ContinuousClock.now + PendingPushes.lifetime

        init(taskID: Int, offerID: String, _ sent: SentPictures) {
            self.taskID = taskID
            self.offerID = offerID
            replacesImages = !sent.images.isEmpty
            replacesColor = sent.color != nil
        }
    }

    /// Imports finish within minutes, so an older task is considered lost.
    private static let lifetime = Duration.seconds(600)
    private static let maxEntries = 10_000
    private let entries = Mutex<[ProductKey: Entry]>([:])

    /// - Returns: the pending push of the product, if it may still replace pictures that the request leaves out.
    func entry(for key: ProductKey, affecting request: PictureRequest) -> Entry? {
        entries.withLock { entries in
            guard let entry = entries[key] else { return nil }
            guard ContinuousClock.now < entry.expires else {
                entries[key] = nil
                return nil
            }
            let affectsRequest =
                entry.replacesImages && request.images.isEmpty || entry.replacesColor && request.color == nil
            return affectsRequest ? entry : nil
        }
    }

    /// - Parameter entry: nil if the last push of the product has finished.
    func set(_ entry: Entry?, for key: ProductKey) {
        let now = ContinuousClock.now
        entries.withLock { entries in
            entries[key] = entry
            if entries.count > Self.maxEntries { entries = entries.filter { $0.value.expires > now } }
            if entries.count > Self.maxEntries { entries = [:] }
        }
    }
}
