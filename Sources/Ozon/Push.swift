import Core
import HTTP
import HTTPClient

/// Replaces a product's pictures: read what stands, send the whole set, wait for Ozon's task, read back, compare.
package struct Push: Sendable {
    private let seller: Seller
    private let credential: Credential
    private let rules: PushRules
    private let retry: Retry

    package init(_ seller: Seller, _ rules: PushRules, as credential: Credential) {
        self.seller = seller
        self.rules = rules
        self.credential = credential
        retry = Retry(budget: rules.timeout, retries: rules.retries)
    }

    /// What must be left of the budget for reading back.
    private var reserve: Duration { min(rules.timeout / 5, .seconds(3)) }

    /// - Parameter refetchMark: added to each URL's query, so that Ozon takes the picture for a new one.
    /// - Throws: 404 no such product · 409 it takes no pictures · Ozon's refusals. Nothing was sent then, or Ozon refused it.
    package func run(_ request: PictureRequest, productID: Int, refetchMark: Int?) async throws -> PushOutcome {
        let product = try await product(productID)
        if request.isEmpty {
            return PushOutcome(productID: productID, status: .unchanged, currentImages: product.images)
        }
        guard product.takesPictures else {
            throw Fault(.productConflict, detail: "The product is archived or not yet created")
        }
        let images = request.images.map { ($0, marked($0.url, refetchMark)) }
        let color = request.color.map { ($0, marked($0.url, refetchMark)) }
        // Ozon replaces everything: what the caller left out is taken along.
        let images360 = request.images360.map { ($0, marked($0.url, refetchMark)) }
        let set = PictureSet(
            images: images.isEmpty ? product.images : images.map(\.1), images360: images360.map(\.1),
            color: color?.1 ?? product.colorImage)
        let before = StandingPictures(images: product.images, color: product.colorImage.map { [$0] } ?? [])
        let outcome: PushOutcome
        switch rules.api {
        case .v2:
            let taskID = try await seller.importPictures(set, offerID: product.offerID, as: credential, within: retry)
            outcome = try await follow(taskID, images, color, productID: productID, before: before)
        case .v1:
            outcome = try await runV1(set, images, images360, color, productID: productID, before: before)
        }
        return outcome.reporting(request.reports)
    }

    /// What became of a task that was pending.
    package func status(of taskID: Int, _ request: PictureRequest, productID: Int) async throws -> PushOutcome {
        let task = try await seller.importTask(taskID, as: credential, within: retry)
        if task.status == .pending {
            return PushOutcome(productID: productID, status: .pending, taskID: taskID).reporting(request.reports)
        }
        guard let after = try await seller.standingPictures(productID: productID, as: credential, within: retry) else {
            throw Fault(.productNotFound)
        }
        // Without the caller's list, all that stands is what was pushed.
        let images = request.images.isEmpty ? after.images.map { Picture(index: nil, url: $0) } : request.images
        let color =
            request.color ?? (request.images.isEmpty ? after.color.first.map { Picture(index: nil, url: $0) } : nil)
        return Comparison(
            images: images.map { ($0, $0.url) }, color: color.map { ($0, $0.url) }, task: task, before: nil,
            after: after
        ).outcome(productID: productID, taskID: taskID).reporting(request.reports)
    }

    private func product(_ id: Int) async throws -> Product {
        let products = try await seller.products([String(id)], by: .productID, as: credential, within: retry)
        guard let product = products.first(where: { $0.id == id }) else { throw Fault(.productNotFound) }
        return product
    }

    private func follow(
        _ taskID: Int, _ images: [(Picture, String)], _ color: (Picture, String)?, productID: Int,
        before: StandingPictures
    ) async throws -> PushOutcome {
        let task = try await seller.awaitImportTask(taskID, as: credential, within: retry, reserve: reserve)
        let after = task.status == .pending ? nil : try await readBack(productID)
        guard let after else { return PushOutcome(productID: productID, status: .pending, taskID: taskID) }
        return Comparison(images: images, color: color, task: task, before: before, after: after)
            .outcome(productID: productID, taskID: taskID)
    }

    private func runV1(
        _ set: PictureSet, _ images: [(Picture, String)], _ images360: [(Picture, String)],
        _ color: (Picture, String)?, productID: Int, before: StandingPictures
    ) async throws -> PushOutcome {
        let pictures = try await seller.importPicturesV1(
            set, productID: productID, path: rules.v1Path, as: credential, within: retry)
        guard let standing = try await readBack(productID) else {
            return PushOutcome(productID: productID, status: .pending)
        }
        let failed = pictures.filter(\.hasFailed).map { ($0.url, "Refused by Ozon") }
        let after = StandingPictures(
            images: standing.images, color: standing.color, errors: standing.errors + failed)
        var outcome = Comparison(
            images: images, color: color, task: ImportTask(status: .imported), before: before, after: after
        ).outcome(productID: productID, taskID: nil)
        // The read-back knows no 360° pictures: the import's own word counts.
        for (picture, sent) in images360 {
            let told = pictures.first { $0.is360 && $0.url.utf8.elementsEqual(sent.utf8) }
            if let told, !told.hasFailed {
                outcome.images360 += 1
            } else {
                outcome.errors.append(
                    FieldFault(
                        field: "images360", index: picture.index, url: picture.url,
                        reason: told == nil ? "Not among the product's pictures" : "Refused by Ozon"))
                outcome.status = .partial
            }
        }
        return outcome
    }

    /// nil: Ozon can't tell just now.
    private func readBack(_ productID: Int) async throws -> StandingPictures? {
        try await unlessMomentary {
            try await seller.standingPictures(productID: productID, as: credential, within: retry)
        } ?? nil
    }
}

/// `https://a/b.jpg?x=1#f` → `https://a/b.jpg?x=1&v=1732104000#f`
func marked(_ url: String, _ mark: Int?) -> String {
    guard let mark else { return url }
    let end = url.utf8.firstIndex(of: UInt8(ascii: "#")) ?? url.endIndex
    let separator = url.utf8[..<end].contains(UInt8(ascii: "?")) ? "&" : "?"
    return "\(url[..<end])\(separator)v=\(mark)\(url[end...])"
}
