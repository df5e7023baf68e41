import Core

/// What a push came to. HTTP 200 in every case: `success` and `errors` tell a partial failure.
///
///     {"success": true, "data": {"product_id": 123456, "updated": {"images": 5, "images360": 0, "color_image": true},
///      "current_images": ["…"], "status": "confirmed", "task_id": 172549793}}
package struct PushOutcome: ResponseBody {
    package enum Status: String, Sendable {
        /// Read back: everything that was sent stands.
        case confirmed
        /// Some of it does; `errors` has the rest.
        case partial
        /// Ozon's task failed altogether.
        case failed
        /// Ozon is still at it: ozon-push-status tells.
        case pending
        /// There was nothing to push.
        case unchanged
    }

    package let productID: Int
    package var status: Status
    package var images = 0
    package var images360 = 0
    package var color = false
    package var currentImages: [String]?
    package var taskID: Int?
    package var errors: [FieldFault] = []

    package init(productID: Int, status: Status, taskID: Int? = nil, currentImages: [String]? = nil) {
        self.productID = productID
        self.status = status
        self.taskID = taskID
        self.currentImages = currentImages
    }

    package var success: Bool { errors.isEmpty && status != .failed && status != .partial }

    /// With what was left out of the push before it began.
    func reporting(_ reports: [FieldFault]) -> PushOutcome {
        var outcome = self
        outcome.errors = reports + errors
        if !outcome.errors.isEmpty, status == .confirmed { outcome.status = .partial }
        return outcome
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("success", success)
            $0.member("data") { json in
                json.object {
                    $0.member("product_id", productID)
                    $0.member("updated") { json in
                        json.object {
                            $0.member("images", images)
                            $0.member("images360", images360)
                            $0.member("color_image", color)
                        }
                    }
                    $0.member("current_images", ifAny: currentImages)
                    $0.member("status", status.rawValue)
                    $0.member("task_id", ifAny: taskID)
                }
            }
            if !errors.isEmpty { $0.member("errors", errors) }
        }
    }
}

/// What was sent and what stands now, laid side by side. Pure.
struct Comparison {
    /// The caller's pictures, each with the URL under which it went to Ozon.
    let images: [(picture: Picture, sent: String)]
    let color: (picture: Picture, sent: String)?
    let task: ImportTask
    /// nil: unknown, as when a task is asked about later.
    let before: StandingPictures?
    let after: StandingPictures

    /// Counts what is confirmed. The URLs may come back as the caller's or as those of Ozon's CDN, so numbers decide, but
    /// for one case: a set that is to the letter what it was before, and holds none of what was sent, wasn't replaced.
    func outcome(productID: Int, taskID: Int?) -> PushOutcome {
        var outcome = PushOutcome(productID: productID, status: .confirmed, taskID: taskID, currentImages: after.images)
        if task.status == .failed {
            outcome.status = .failed
            outcome.errors =
                refused.isEmpty ? told ?? [FieldFault(field: "images", reason: "Refused by Ozon")] : refused
            return outcome
        }
        outcome.errors = refused + others
        let due = images.count - refused.count { $0.field == "images" }
        if !images.isEmpty, stands(images.map(\.sent), after.images, before?.images) {
            // A URL that was sent twice may stand once.
            outcome.images = max(min(due, after.images.count), images.count { isNamed($0.sent) })
        }
        outcome.color = color.map { colorStands($0.sent) } ?? false
        let count = due - outcome.images - others.count { $0.field == "images" }
        // What Ozon refused without saying which.
        if outcome.errors.isEmpty, count > 0 || outcome.color != (color != nil), let told {
            outcome.errors = told
        } else {
            if count > 0 { outcome.errors += missing(count) }
            if let color, !outcome.color, !outcome.errors.contains(where: { $0.field == "color_image" }) {
                outcome.errors.append(FieldFault(field: "color_image", url: color.picture.url, reason: Self.missing))
            }
        }
        outcome.errors += lost
        if !outcome.errors.isEmpty { outcome.status = .partial }
        return outcome
    }

    /// The caller's pictures that Ozon names as bad, with its reason.
    private var refused: [FieldFault] {
        let all = images.map { ("images", $0) } + (color.map { [("color_image", $0)] } ?? [])
        return all.compactMap { field, entry in
            guard let error = after.errors.first(where: { $0.url.utf8.elementsEqual(entry.sent.utf8) }) else {
                return nil
            }
            return FieldFault(
                field: field, index: entry.picture.index, url: entry.picture.url,
                reason: error.message.isEmpty ? "Refused by Ozon" : error.message)
        }
    }

    /// Bad pictures that the caller didn't name, of this import: those taken along.
    private var others: [FieldFault] {
        if task.errors.isEmpty { return [] }
        let sent = images.map(\.sent) + (color.map { [$0.sent] } ?? [])
        return after.errors.filter { !isAmong(sent, $0.url) }.map { error in
            let isColor =
                before.map { isAmong($0.color, error.url) }
                ?? (task.errors.first { $0.reason == error.message }?.field == "color_image")
            return FieldFault(field: isColor ? "color_image" : "images", url: error.url, reason: error.message)
        }
    }

    /// What was taken along and vanished without a word.
    private var lost: [FieldFault] {
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

    private func colorStands(_ sent: String) -> Bool {
        !refused.contains { $0.field == "color_image" } && !after.color.isEmpty
            && stands([sent], after.color, before?.color)
    }

    private func stands(_ sent: [String], _ after: [String], _ before: [String]?) -> Bool {
        if task.status == .skipped { return true }
        let isUntouched =
            before.map { $0.map(\.utf8).elementsEqual(after.map(\.utf8)) { $0.elementsEqual($1) } } ?? false
        return !isUntouched || sent.contains { isAmong(after, $0) }
    }

    private func isNamed(_ sent: String) -> Bool { isAmong(after.images, sent) }

    private var told: [FieldFault]? {
        task.errors.isEmpty ? nil : task.errors.map { FieldFault(field: $0.field, reason: $0.reason) }
    }

    private static let missing = "Not among the product's pictures"

    /// Those that vanished without a word: by name where the URLs that stand tell, else how many.
    private func missing(_ count: Int) -> [FieldFault] {
        let named = images.filter { entry in
            !isNamed(entry.sent) && !after.errors.contains { $0.url.utf8.elementsEqual(entry.sent.utf8) }
        }
        guard named.count == count else { return [missing(count, of: images.count)] }
        return named.map {
            FieldFault(field: "images", index: $0.picture.index, url: $0.picture.url, reason: Self.missing)
        }
    }

    private func missing(_ count: Int, of all: Int) -> FieldFault {
        FieldFault(field: "images", reason: "\(Self.missing) (\(count) of \(all))")
    }
}

private func isAmong(_ urls: [String], _ url: String) -> Bool {
    urls.contains { $0.utf8.elementsEqual(url.utf8) }
}
