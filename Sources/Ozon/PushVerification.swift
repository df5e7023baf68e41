import Core

/// Compares the pictures that were sent with the product's pictures after the import.
struct PushVerification {
    private let sent: SentPictures
    private let refetches: Bool
    private let task: ImportTask
    private let before: CurrentPictures?
    private let after: CurrentPictures
    /// The caller's pictures for which Ozon reports an error.
    private var rejected: [FieldFault] = []
    /// Errors of this import about pictures that the caller didn't send: those carried over.
    private var unrequested: [FieldFault] = []

    /// - Parameter refetches: whether the caller requested that the pictures be fetched again, so that the status
    ///   `skipped` is a failure.
    /// - Parameter before: the pictures before the import; nil if they are unknown, because the push was an earlier
    ///   request.
    /// - Parameter after: the pictures that were read back.
    init(
        sent: SentPictures, refetches: Bool, task: ImportTask, before: CurrentPictures?, after: CurrentPictures
    ) {
        self.sent = sent
        self.refetches = refetches
        self.task = task
        self.before = before
        self.after = after
        rejected = rejectedPictures()
        unrequested = unrequestedErrors()
    }

    private var requested: [SentPicture] { sent.images + (sent.color.map { [$0] } ?? []) }

    /// Counts the confirmed pictures. Ozon may return the URLs that were sent or URLs of its own CDN, so pictures are
    /// compared by count. Exceptions:
    ///
    /// - If the pictures are the same as before and none of the sent URLs is among them, nothing was replaced. (If
    ///   there are as many as were sent, in another order than before, the push has reordered them.)
    /// - If they are exactly as before and not what was sent, only those count that already had their place.
    /// - If they are the same and some of the sent URLs are among them, or if the task has errors, only sent URLs and
    ///   new ones count. If the pictures before are unknown and the task has errors, only sent URLs count.
    func result(productID: Int, taskID: Int?) -> PushResult {
        var result = PushResult(productID: productID, status: .confirmed, taskID: taskID, currentImages: after.images)
        if task.status == .failed {
            (result.status, result.errors) = (.failed, failures())
            return result
        }
        if task.status == .skipped, refetches {
            (result.status, result.errors) = (.failed, requested.map { $0.fault(PictureReason.skipped) })
            return result
        }
        result.updatedImages = confirmedImages()
        result.updatedColorImage = isColorConfirmed
        result.errors = rejected + unrequested + unconfirmed(result) + missingCarriedOver()
        if !result.errors.isEmpty { result.status = .partial }
        return result
    }

    private func confirmedImages() -> Int {
        let expectedCount = sent.images.count - rejected.count(in: "images")
        guard isConfirmed(sent.images.map(\.url), expectedCount, by: after.images, before: before?.images) else {
            return 0
        }
        let foundCount = sent.images.count { after.images.containsURL($0.url) }
        if requiresSentURL { return foundCount }
        let urls = acceptedURLs
        if isUnchanged { return zip(urls, after.images).count { $0.utf8.elementsEqual($1.utf8) } }
        // A URL that was sent twice may be found once.
        let repeatedCount = urls.count - distinct(urls).count
        var count = after.images.isEmpty ? 0 : min(expectedCount, after.images.count + repeatedCount)
        if let before, task.status != .skipped {
            let hasSameImages =
                before.images.count == after.images.count && before.images.allSatisfy(after.images.containsURL)
            if !task.errors.isEmpty || hasSameImages && foundCount > 0 {
                let known = before.images + sent.images.map(\.url)
                count = min(count, foundCount + after.images.count { !known.containsURL($0) })
            }
        }
        return max(count, foundCount)
    }

    /// Whether the product's images are exactly as before, although others, or another order, were sent.
    private var isUnchanged: Bool {
        guard let before, task.status != .skipped, !sent.images.isEmpty else { return false }
        return areSame(before.images, after.images) && !areSame(distinct(acceptedURLs), after.images)
    }

    /// The URLs of the images that Ozon did not reject, or that the product has all the same.
    private var acceptedURLs: [String] {
        let indices = Set(rejected.filter { $0.field == "images" }.map(\.index))
        return sent.images.filter { !indices.contains($0.original.index) || after.images.containsURL($0.url) }
            .map(\.url)
    }

    private var isColorConfirmed: Bool {
        guard let color = sent.color, rejected.count(in: "color_image") == 0, !after.color.isEmpty else { return false }
        return isConfirmed([color.url], 1, by: after.color, before: before?.color)
    }

    /// The requested pictures that are neither confirmed nor named by an error. If Ozon's errors name no picture at
    /// all, those errors are returned in their place.
    private func unconfirmed(_ result: PushResult) -> [FieldFault] {
        let named = rejected + unrequested
        let missingCount = sent.images.count - named.count(in: "images") - result.updatedImages
        let lacksColor = sent.color != nil && !result.updatedColorImage
        let isIncomplete = missingCount > 0 || lacksColor || sent.areAssumed
        if named.isEmpty, isIncomplete, !task.errors.isEmpty { return task.errors.map(\.fault) }
        let hasMissing = missingCount > 0 || isUnchanged && named.count(in: "images") == 0
        var faults = hasMissing ? missingImages(missingCount) : []
        if let color = sent.color, lacksColor, named.count(in: "color_image") == 0 {
            faults.append(color.fault(PictureReason.missing))
        }
        return faults
    }

    /// Whether a picture that was sent is among the product's.
    /// - Parameter count: how many pictures Ozon did not reject.
    private func isConfirmed(_ sent: [String], _ count: Int, by after: [String], before: [String]?) -> Bool {
        if task.status == .skipped { return true }
        if sent.contains(where: after.containsURL) { return true }
        if requiresSentURL { return false }
        guard let before, before.count == after.count, before.allSatisfy(after.containsURL) else { return true }
        return after.count == count && !areSame(before, after)
    }

    private var requiresSentURL: Bool { before == nil && task.status != .skipped && !task.errors.isEmpty }

    /// The errors of a failed task: those about a picture, and the others unless all requested pictures were rejected.
    private func failures() -> [FieldFault] {
        let unnamed = rejected.count == requested.count ? [] : task.errors.filter { !mentionsPicture($0) }
        let faults = rejected + unrequested + unnamed.map(\.fault)
        return faults.isEmpty ? [FieldFault(field: "images", reason: PictureReason.rejected)] : faults
    }

    private func mentionsPicture(_ problem: ImportTask.Problem) -> Bool {
        (requested + carriedOver).contains { problem.mentions($0) }
    }

    /// An error for each requested picture that Ozon rejects, in the read-back or in a string of the task's errors.
    private func rejectedPictures() -> [FieldFault] {
        requested.compactMap { picture in
            if let error = after.errors.first(where: { $0.url.utf8.elementsEqual(picture.url.utf8) }) {
                return picture.fault(error.reason)
            }
            // An error about a picture that the product has is only a warning.
            let current = picture.field == "images" ? after.images : after.color
            if task.status != .failed, current.containsURL(picture.url) { return nil }
            return task.errors.first { $0.mentions(picture) }.map { picture.fault($0.reason) }
        }
    }

    private func unrequestedErrors() -> [FieldFault] {
        if task.errors.isEmpty { return [] }
        let requestedURLs = requested.map(\.url)
        let readBack = after.errors.filter { !requestedURLs.containsURL($0.url) }.map { error in
            let isColor =
                before?.color.containsURL(error.url)
                ?? (task.errors.first { $0.reason == error.message }?.field == "color_image")
            return FieldFault(
                field: isColor ? "color_image" : "images", url: error.url.isEmpty ? nil : error.url,
                reason: error.reason)
        }
        let reportedURLs = readBack.compactMap(\.url)
        let current = task.status == .failed ? [] : after.images + after.color
        return readBack
            + carriedOver.compactMap { picture in
                if reportedURLs.containsURL(picture.url) || current.containsURL(picture.url) { return nil }
                return task.errors.first { $0.mentions(picture) }.map { picture.fault($0.reason) }
            }
    }

    /// The product's own pictures that were sent again.
    private var carriedOver: [SentPicture] {
        guard let before else { return [] }
        let images = sent.images.isEmpty ? before.images : []
        let color = sent.color == nil ? before.color : []
        return images.map { SentPicture(current: $0, in: "images") }
            + color.map { SentPicture(current: $0, in: "color_image") }
    }

    /// Pictures that were carried over and are missing although Ozon reports no error.
    private func missingCarriedOver() -> [FieldFault] {
        guard let before else { return [] }
        var faults: [FieldFault] = []
        let count = before.images.count - after.images.count - unrequested.count(in: "images")
        if sent.images.isEmpty, count > 0 { faults.append(missing(count, of: before.images.count)) }
        if sent.color == nil, let color = before.color.first, after.color.isEmpty,
            unrequested.count(in: "color_image") == 0
        {
            faults.append(FieldFault(field: "color_image", url: color, reason: PictureReason.missing))
        }
        return faults
    }

    /// The caller's images that are missing although Ozon reports no error. They are named if their URLs identify them,
    /// and only counted otherwise.
    private func missingImages(_ count: Int) -> [FieldFault] {
        let rejectedURLs = rejected.compactMap(\.url)
        let missing = sent.images.filter {
            !after.images.containsURL($0.url) && !rejectedURLs.containsURL($0.original.url)
        }
        if missing.count == count, count > 0 { return missing.map { $0.fault(PictureReason.missing) } }
        if isUnchanged { return [FieldFault(field: "images", reason: PictureReason.unchanged)] }
        return [self.missing(count, of: sent.images.count)]
    }

    private func missing(_ count: Int, of total: Int) -> FieldFault {
        FieldFault(field: "images", reason: "\(PictureReason.missing) (\(count) of \(total))")
    }
}

/// Whether the URLs are the same, in the same order.
private func areSame(_ urls: [String], _ others: [String]) -> Bool {
    urls.elementsEqual(others) { $0.utf8.elementsEqual($1.utf8) }
}

extension [FieldFault] {
    fileprivate func count(in field: String) -> Int { count { $0.field == field } }
}
