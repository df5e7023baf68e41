import Core
import HTTPClient
import Upstreams

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
    package func run(_ request: PictureRequest, productID: Int, refetchMark: Int?) async throws -> PushResult {
        if request.isEmpty {
            let product = try await product(productID)
            return PushResult(productID: productID, status: .unchanged, currentImages: product.images)
        }
        let key = PushTurns.Key(clientID: credential.clientID, productID: productID)
        return try await seller.pushTurns(key, until: retry.deadline) {
            try await write(request, key, refetchMark: refetchMark)
        }
    }

    private func write(_ request: PictureRequest, _ key: PushTurns.Key, refetchMark: Int?) async throws -> PushResult {
        let productID = key.productID
        try await awaitEarlier(request, key)
        let product = try await product(productID)
        guard product.takesPictures else {
            throw Fault(.productConflict, detail: "The product is archived or not yet created")
        }
        let sent = SentPictures(request, mark: refetchMark)
        // Ozon replaces everything: what the caller left out is carried over.
        let carried = try CarriedPictures(from: product, besides: request)
        let set = PictureSet(
            images: sent.images.isEmpty ? carried.images : sent.images.map(\.url), images360: sent.images360.map(\.url),
            color: sent.color?.url ?? carried.color)
        let before = CurrentPictures(images: product.images, color: product.colorImages)
        try Task.checkCancellation()
        // Not cancelled with the caller: once Ozon has the import, the next push must not read before it has ended.
        var outcome = try await Task {
            switch rules.api {
            case .v2:
                let task = try await seller.importPictures(
                    set, offerID: product.offerID, as: credential, within: retry)
                let outcome = try await follow(task, sent, product, before)
                let isPending = outcome.status == .pending
                seller.pendingPushes.set(
                    isPending ? PendingPushes.Entry(taskID: task, offerID: product.offerID, sent) : nil, for: key)
                return outcome
            case .v1: return try await runV1(set, sent, productID: productID, before)
            }
        }.value
        try Task.checkCancellation()
        outcome.warnings = request.warnings + carried.warnings
        return outcome.reporting(request.reports)
    }

    /// What became of a task that was pending.
    /// - Parameter refetches: as the push had it.
    package func status(
        of taskID: Int, _ request: PictureRequest, productID: Int, refetches: Bool
    ) async throws -> PushResult {
        let items = try await seller.taskItems(taskID, as: credential, within: retry)
        // Where no item names the product by its id, its offer_id decides.
        let isNamed = try items.contains { try $0.id(ifAny: "product_id") == productID }
        let offerID = items.isEmpty || isNamed ? nil : try await product(productID).offerID
        let task = try ImportTask(items, offerID: offerID, productID: productID)
        if let quota = task.quota { throw quota }
        var outcome = PushResult(productID: productID, status: .pending, taskID: taskID)
        if task.status != .pending {
            let after = try await standing(productID)
            let urls = after.images + after.color + after.errors.map(\.url)
            let mark =
                refetches ? latestMark(of: request, in: urls.map { Array($0.utf8) } + task.errors.map(\.texts)) : nil
            let sent = SentPictures(request, mark: mark, orAllOf: after)
            outcome = Comparison(sent: sent, refetches: refetches, task: task, before: nil, after: after)
                .outcome(productID: productID, taskID: taskID)
        }
        outcome.warnings = request.warnings
        return outcome.reporting(request.reports)
    }

    private func product(_ id: Int) async throws -> PushedProduct {
        let list = try await seller.products([String(id)], by: .productID, as: credential, within: retry)
        return try PushedProduct(list.row(of: ArticleID(id)))
    }

    /// Waits for the task of an earlier push that may still replace what this one carries over.
    /// - Throws: 409 if it is still pending · why it can't be polled. Nothing was sent then.
    private func awaitEarlier(_ request: PictureRequest, _ key: PushTurns.Key) async throws {
        guard let earlier = seller.pendingPushes.earlier(key, than: request) else { return }
        let task = try await seller.awaitImportTask(
            earlier.taskID, offerID: earlier.offerID, productID: key.productID, as: credential, within: retry,
            first: .zero, reserve: reserve)
        guard task.hasEnded else {
            throw Fault(.productConflict, detail: "Ozon hasn't ended the task \(earlier.taskID) of an earlier push")
        }
        seller.pendingPushes.set(nil, for: key)
    }

    private func follow(
        _ taskID: Int, _ sent: SentPictures, _ product: PushedProduct, _ before: CurrentPictures
    ) async throws -> PushResult {
        let (task, after): (ImportTask, CurrentPictures?)
        do {
            task = try await seller.awaitImportTask(
                taskID, offerID: product.offerID, productID: product.id, as: credential, within: retry,
                reserve: reserve)
            after = task.status == .pending ? nil : try await standing(product.id)
        } catch let fault as Fault {
            return pending(product.id, taskID, fault)
        }
        if let quota = task.quota { throw quota }
        guard let after else { return pending(product.id, taskID) }
        return Comparison(sent: sent, refetches: sent.isMarked, task: task, before: before, after: after)
            .outcome(productID: product.id, taskID: taskID)
    }

    /// - Parameter fault: why no more can be learned. Ozon has the import, so that isn't a failure of the push.
    private func pending(_ productID: Int, _ taskID: Int?, _ fault: Fault? = nil) -> PushResult {
        var outcome = PushResult(productID: productID, status: .pending, taskID: taskID)
        outcome.detail = fault.map { $0.detail ?? $0.code.message }
        return outcome
    }

    private func runV1(
        _ set: PictureSet, _ sent: SentPictures, productID: Int, _ before: CurrentPictures
    ) async throws -> PushResult {
        let pictures = try await seller.importPicturesV1(
            set, productID: productID, path: rules.v1Path, as: credential, within: retry)
        let standing: CurrentPictures
        do { standing = try await self.standing(productID) } catch let fault as Fault {
            return pending(productID, nil, fault)
        }
        let failed = pictures.filter { $0.state == .failed }.map { ($0.url, "Refused by Ozon") }
        let after = CurrentPictures(
            images: standing.images, color: standing.color, errors: standing.errors + failed)
        var outcome = Comparison(
            sent: sent, refetches: sent.isMarked, task: ImportTask(status: .imported), before: before, after: after
        ).outcome(productID: productID, taskID: nil)
        // The read-back knows no 360° pictures: the import's own word counts.
        for entry in sent.images360 {
            let told = pictures.first { $0.is360 && $0.url.utf8.elementsEqual(entry.url.utf8) }
            let reason: String
            switch told?.state {
            case .imported, .uploaded:
                outcome.images360 += 1
                continue
            case .pending: reason = "Still pending at Ozon"
            case .failed: reason = "Refused by Ozon"
            case nil: reason = "Not among the product's pictures"
            }
            outcome.errors.append(entry.fault("images360", reason))
            outcome.status = .partial
        }
        return outcome
    }

    private func standing(_ productID: Int) async throws -> CurrentPictures {
        guard let after = try await seller.standingPictures(productID: productID, as: credential, within: retry)
        else { throw Fault(.productNotFound) }
        return after
    }
}
