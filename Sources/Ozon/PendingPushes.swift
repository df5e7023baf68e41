import Synchronization

/// The last push of each product that was answered `pending`, in this process. Ozon may still carry it out, so a push
/// that carries over what that one replaces must not read it yet.
final class PendingPushes: Sendable {
    struct Entry {
        let taskID: Int
        let offerID: String
        let replacesImages: Bool
        let replacesColor: Bool
        fileprivate var until = ContinuousClock.now + PendingPushes.longest

        init(taskID: Int, offerID: String, _ sent: SentPictures) {
            self.taskID = taskID
            self.offerID = offerID
            replacesImages = !sent.images.isEmpty
            replacesColor = sent.color != nil
        }
    }

    /// Imports end within minutes; after that Ozon has lost the task.
    private static let longest = Duration.seconds(600)
    private static let maxEntries = 10_000
    private let entries = Mutex<[PushTurns.Key: Entry]>([:])

    /// - Returns: the push that may still replace what this request leaves out.
    func earlier(_ key: PushTurns.Key, than request: PictureRequest) -> Entry? {
        entries.withLock { entries in
            guard let entry = entries[key], ContinuousClock.now < entry.until else { return nil }
            let matters =
                entry.replacesImages && request.images.isEmpty || entry.replacesColor && request.color == nil
            return matters ? entry : nil
        }
    }

    /// - Parameter entry: nil if the last push of the product has ended.
    func set(_ entry: Entry?, for key: PushTurns.Key) {
        let now = ContinuousClock.now
        entries.withLock { entries in
            entries[key] = entry
            if entries.count > Self.maxEntries { entries = entries.filter { $0.value.until > now } }
            if entries.count > Self.maxEntries { entries = [:] }
        }
    }
}
