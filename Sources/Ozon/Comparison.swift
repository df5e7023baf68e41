import Core

/// Compares what was sent with the product's pictures afterwards. Pure.
struct Comparison {
    let sent: SentPictures
    /// The caller wants the pictures fetched again, so that skipping them is no success.
    let refetches: Bool
    let task: ImportTask
    /// nil: unknown, as when a task is asked about later.
    let before: CurrentPictures?
    let after: CurrentPictures

    private var images: [SentPicture] { sent.images }
    private var color: SentPicture? { sent.color }
    /// Each of the caller's pictures with its field.
    private var all: [(field: String, entry: SentPicture)] {
        images.map { ("images", $0) } + (color.map { [("color_image", $0)] } ?? [])
    }

    /// Counts what is confirmed. Ozon may return the caller's URLs or its CDN's, so the counts are compared. The exception:
    /// a set that is unchanged and contains none of the URLs that were sent was not replaced.
    ///
    /// Where it isn't known what stood before, a task with errors confirms only what stands under its sent URL.
    func outcome(productID: Int, taskID: Int?) -> PushResult {
        let (refused, others) = (refused, others)
        var outcome = PushResult(productID: productID, status: .confirmed, taskID: taskID, currentImages: after.images)
        if task.status == .failed || task.status == .skipped && refetches {
            outcome.status = .failed
            outcome.errors =
                task.status == .failed ? failures(refused, others) : all.map { $0.entry.fault($0.field, Self.skipped) }
            return outcome
        }
        outcome.errors = refused + others
        let due = images.count - refused.count { $0.field == "images" }
        if !images.isEmpty, stands(images.map(\.url), after.images, before?.images) {
            let named = images.count { isNamed($0.url) }
            // A URL that was sent twice may stand once.
            outcome.images = isProvenByURL ? named : max(min(due, after.images.count), named)
        }
        outcome.color = color.map { colorStands($0.url, refused) } ?? false
        let count = due - outcome.images - others.count { $0.field == "images" }
        // What Ozon refused without saying which.
        let isIncomplete = count > 0 || outcome.color != (color != nil) || sent.areAssumed
        if outcome.errors.isEmpty, isIncomplete, let told {
            outcome.errors = told
        } else {
            if count > 0 { outcome.errors += missing(count, refused) }
            if let color, !outcome.color, !outcome.errors.contains(where: { $0.field == "color_image" }) {
                outcome.errors.append(color.fault("color_image", Self.missing))
            }
        }
        outcome.errors += lost(others)
        if !outcome.errors.isEmpty { outcome.status = .partial }
        return outcome
    }

    /// Why a task failed altogether: at each picture that Ozon names, and, unless that explains all of them, the rest.
    private func failures(_ refused: [FieldFault], _ others: [FieldFault]) -> [FieldFault] {
        let unnamed = refused.count == all.count ? [] : task.errors.filter { !isAboutAPicture($0) }
        let faults = refused + others + unnamed.map { FieldFault(field: $0.field, reason: $0.reason) }
        return faults.isEmpty ? [FieldFault(field: "images", reason: Self.refusedByOzon)] : faults
    }

    /// The caller's pictures that Ozon names as bad, in the read-back or in a text of the task's errors, with its
    /// reason.
    private var refused: [FieldFault] {
        all.compactMap { field, entry in
            if let error = after.errors.first(where: { $0.url.utf8.elementsEqual(entry.url.utf8) }) {
                return entry.fault(field, error.message.isEmpty ? Self.refusedByOzon : error.message)
            }
            // A warning about a picture that is there is no refusal.
            let isThere = isAmong(field == "images" ? after.images : after.color, entry.url)
            if task.status != .failed, isThere { return nil }
            return task.errors.first { names($0, entry) }.map { entry.fault(field, $0.reason) }
        }
    }

    /// Bad pictures that the caller didn't name, of this import: those carried over.
    private var others: [FieldFault] {
        if task.errors.isEmpty { return [] }
        let told = after.errors.filter { !isAmong(all.map(\.entry.url), $0.url) }.map { error in
            let isColor =
                before.map { isAmong($0.color, error.url) }
                ?? (task.errors.first { $0.reason == error.message }?.field == "color_image")
            return FieldFault(
                field: isColor ? "color_image" : "images", url: error.url.isEmpty ? nil : error.url,
                reason: error.message.isEmpty ? Self.refusedByOzon : error.message)
        }
        let named = carried.compactMap { field, url -> FieldFault? in
            if told.contains(where: { isAmong([$0.url ?? ""], url) }) { return nil }
            if task.status != .failed, isAmong(after.images + after.color, url) { return nil }
            return task.errors.first { $0.names(url) }.map { FieldFault(field: field, url: url, reason: $0.reason) }
        }
        return told + named
    }

    /// The product's own pictures that were sent along, each with its field.
    private var carried: [(field: String, url: String)] {
        guard let before else { return [] }
        return (images.isEmpty ? before.images.map { ("images", $0) } : [])
            + (color == nil ? before.color.map { ("color_image", $0) } : [])
    }

    private func names(_ problem: ImportTask.Problem, _ entry: SentPicture) -> Bool {
        problem.names(entry.url) || problem.names(entry.picture.url)
    }

    private func isAboutAPicture(_ problem: ImportTask.Problem) -> Bool {
        all.contains { names(problem, $0.entry) } || carried.contains { problem.names($0.url) }
    }

    /// What was carried over and vanished without a word.
    private func lost(_ others: [FieldFault]) -> [FieldFault] {
        guard let before else { return [] }
        var faults: [FieldFault] = []
        let count = before.images.count - after.images.count - others.count { $0.field == "images" }
        if images.isEmpty, count > 0 { faults.append(missing(count, of: before.images.count)) }
        if color == nil, !before.color.isEmpty, after.color.isEmpty,
            !others.contains(where: { $0.field == "color_image" })
        {
            faults.append(FieldFault(field: "color_image", url: before.color[0], reason: Self.missing))
        }
        return faults
    }

    private func colorStands(_ sent: String, _ refused: [FieldFault]) -> Bool {
        !refused.contains { $0.field == "color_image" } && !after.color.isEmpty
            && stands([sent], after.color, before?.color)
    }

    private func stands(_ sent: [String], _ after: [String], _ before: [String]?) -> Bool {
        if task.status == .skipped { return true }
        if isProvenByURL { return sent.contains { isAmong(after, $0) } }
        let isUntouched =
            before.map { $0.map(\.utf8).elementsEqual(after.map(\.utf8)) { $0.elementsEqual($1) } } ?? false
        return !isUntouched || sent.contains { isAmong(after, $0) }
    }

    private var isProvenByURL: Bool { before == nil && task.status != .skipped && !task.errors.isEmpty }

    private func isNamed(_ sent: String) -> Bool { isAmong(after.images, sent) }

    private var told: [FieldFault]? {
        task.errors.isEmpty ? nil : task.errors.map { FieldFault(field: $0.field, reason: $0.reason) }
    }

    private static let missing = "Not among the product's pictures"
    private static let skipped = "Skipped by Ozon, not fetched again"
    private static let refusedByOzon = "Refused by Ozon"

    /// Those that vanished without a word: by name where the URLs that stand tell, else how many.
    private func missing(_ count: Int, _ refused: [FieldFault]) -> [FieldFault] {
        let explained = refused.compactMap(\.url)
        let named = images.filter { !isNamed($0.url) && !isAmong(explained, $0.picture.url) }
        guard named.count == count else { return [missing(count, of: images.count)] }
        return named.map { $0.fault("images", Self.missing) }
    }

    private func missing(_ count: Int, of all: Int) -> FieldFault {
        FieldFault(field: "images", reason: "\(Self.missing) (\(count) of \(all))")
    }
}

private func isAmong(_ urls: [String], _ url: String) -> Bool {
    urls.contains { $0.utf8.elementsEqual(url.utf8) }
}
