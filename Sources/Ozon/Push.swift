import Core
import System
import Telemetry
import Upstreams

/// Replaces a product's pictures: reads the current ones, sends the whole set, waits for Ozon's task, reads the
/// pictures back and compares.
package struct Push: Sendable {
    private let seller: Seller
    private let credential: Credential
    private let rules: PushRules
    private let pushes: PushTable
    private let budget: RetryBudget

    package init(_ tools: PushTools, as credential: Credential) {
        (seller, rules, pushes) = (tools.seller, tools.rules, tools.pushes)
        self.credential = credential
        budget = RetryBudget(rules.timeout, retries: rules.retries)
    }

    /// The part of the budget that is kept for reading back.
    private var reserve: Duration { min(rules.timeout / 5, .seconds(3)) }

    /// - Parameter refetchToken: added to each URL's query, so that Ozon fetches the picture again.
    /// - Throws: 404 if there is no such product, 409 if it accepts no pictures or an earlier push is pending, or
    ///   Ozon's error. After a timeout, a connection error or an unusable response Ozon may have accepted the import.
    package func run(_ request: PictureRequest, productID: Int, refetchToken: Int?) async throws -> PushResult {
        if request.isEmpty {
            let product = try await product(productID)
            return PushResult(productID: productID, status: .unchanged, currentImages: product.images)
        }
        let key = ProductKey(clientID: credential.clientID, productID: productID)
        do {
            return try await pushes.withSlot(of: key, until: budget.deadline) { slot in
                try await replacePictures(of: productID, slot, with: request, refetchToken: refetchToken)
            }
        } catch is AsyncSemaphore.TimedOut {
            throw Fault(.ozonTimeout, detail: "Another push of this product is still running")
        }
    }

    private func replacePictures(
        of productID: Int, _ slot: PushSlot, with request: PictureRequest, refetchToken: Int?
    ) async throws -> PushResult {
        var product = try await product(productID)
        guard product.acceptsPictures else {
            throw Fault(.productConflict, detail: "The product is archived or not yet created")
        }
        let pending = slot.pendingPushes.filter { $0.affects(request) }
        for push in pending { try await awaitPendingPush(push, of: product, slot) }
        if !pending.isEmpty { product = try await self.product(productID) }
        let sent = SentPictures(request, token: refetchToken)
        let carried = try CarriedPictures(from: product, missingIn: request)
        let set = PictureSet(
            images: sent.images.isEmpty ? carried.images : sent.images.map(\.url), images360: sent.images360.map(\.url),
            color: sent.color?.url ?? carried.color)
        let before = CurrentPictures(images: product.images, color: product.colorImages)
        guard budget.remaining > min(reserve, .seconds(1)) else {
            throw Fault(.ozonTimeout, detail: "Too little time was left, so nothing was sent")
        }
        try Task.checkCancellation()
        // A task of its own isn't cancelled with the request. Once Ozon has the import, the next push must not read the
        // pictures before it has finished.
        var result = try await Task { [product] in
            switch rules.api {
            case .v2: try await importV2(set, of: product, slot, sent: sent, before: before)
            case .v1: try await importV1(set, productID: productID, sent: sent, before: before)
            }
        }.value
        try Task.checkCancellation()
        result.warnings = request.warnings + carried.warnings
        return result.addingErrors(request.notPushed)
    }

    /// The result of an earlier push that was pending.
    /// - Parameter request: the pictures of that push, if the caller sends them.
    /// - Parameter refetches: whether that push had `refetch`.
    package func status(
        ofTask taskID: Int, _ request: PictureRequest, productID: Int, refetches: Bool
    ) async throws -> PushResult {
        let items = try await seller.taskItems(taskID, as: credential, within: budget)
        // If no item has the product's id, its offer_id selects the item.
        let hasID = try items.contains { try $0.id(ifAny: "product_id") == productID }
        let offerID = items.isEmpty || hasID ? nil : try await product(productID).offerID
        let task = try ImportTask(items, offerID: offerID, productID: productID)
        if let quota = task.quota { throw quota }
        var result = PushResult(productID: productID, status: .pending, taskID: taskID)
        if task.status != .pending {
            let after = try await currentPictures(productID)
            let urls = after.images + after.color + after.errors.map(\.url)
            let texts = urls.map { Array($0.utf8) } + task.errors.map(\.texts)
            let token = refetches ? latestToken(of: request, in: texts) : nil
            let sent = SentPictures(request, token: token, orAllOf: after)
            result = PushVerification(sent: sent, refetches: refetches, task: task, before: nil, after: after)
                .result(productID: productID, taskID: taskID)
        }
        result.warnings = request.warnings
        return result.addingErrors(request.notPushed)
    }

    private func product(_ id: Int) async throws -> PushedProduct {
        let list = try await seller.products([String(id)], by: .productID, as: credential, within: budget)
        return try list.product(of: ArticleID(id), PushedProduct.init)
    }

    private func currentPictures(_ productID: Int) async throws -> CurrentPictures {
        try await seller.currentPictures(productID: productID, as: credential, within: budget)
    }

    /// Waits for the task of an earlier push that may still replace pictures that this one carries over.
    /// - Throws: 409 if it is still pending or unknown, or the error of the last poll. Nothing was sent.
    private func awaitPendingPush(_ push: PendingPush, of product: PushedProduct, _ slot: PushSlot) async throws {
        guard let taskID = push.taskID else {
            throw Fault(
                .productConflict, detail: "Ozon's response to an earlier push was lost, and it may still be carried out"
            )
        }
        let task: ImportTask
        do {
            task = try await seller.awaitImportTask(
                taskID, offerID: product.offerID, productID: product.id, as: credential, within: budget,
                firstPause: .zero, reserve: reserve)
        } catch let fault as Fault where fault.code == .productNotFound {
            // Ozon doesn't know the task, but the product has just been read.
            throw Fault(.productConflict, detail: "Task \(taskID) of an earlier push was not found")
        }
        guard task.status != .pending else {
            throw Fault(.productConflict, detail: "Task \(taskID) of an earlier push has not finished")
        }
        slot.replace(push, with: nil)
    }

    private func importV2(
        _ set: PictureSet, of product: PushedProduct, _ slot: PushSlot, sent: SentPictures, before: CurrentPictures
    ) async throws -> PushResult {
        // Before the import, for the case that its response is lost or this process is killed.
        let unknown = PendingPush(taskID: nil, sent)
        slot.replace(nil, with: unknown)
        var isUncertain = false
        let taskID: Int
        do {
            taskID = try await seller.importPictures(
                set, offerID: product.offerID, as: credential, within: budget, onUncertainty: { isUncertain = true })
        } catch {
            if !isUncertain { slot.replace(unknown, with: nil) }
            throw error
        }
        let pending = PendingPush(taskID: taskID, sent)
        slot.replace(unknown, with: pending)
        var isPending = true
        // If it stays pending, its lifetime begins now.
        defer { slot.replace(pending, with: isPending ? pending : nil) }
        let task: ImportTask
        do {
            task = try await seller.awaitImportTask(
                taskID, offerID: product.offerID, productID: product.id, as: credential, within: budget,
                reserve: reserve)
        } catch let fault as Fault {
            return pendingResult(product.id, taskID: taskID, fault)
        }
        isPending = task.status == .pending
        if let quota = task.quota { throw quota }
        if isPending { return pendingResult(product.id, taskID: taskID) }
        let after: CurrentPictures
        do { after = try await currentPictures(product.id) } catch let fault as Fault {
            return pendingResult(product.id, taskID: taskID, fault)
        }
        return PushVerification(sent: sent, refetches: sent.haveRefetchToken, task: task, before: before, after: after)
            .result(productID: product.id, taskID: taskID)
    }

    /// - Parameter fault: why Ozon couldn't be polled. Ozon has accepted the import, so the push has not failed.
    private func pendingResult(_ productID: Int, taskID: Int?, _ fault: Fault? = nil) -> PushResult {
        var result = PushResult(productID: productID, status: .pending, taskID: taskID)
        result.detail = fault.map { $0.detail ?? $0.code.message }
        return result
    }

    private func importV1(
        _ set: PictureSet, productID: Int, sent: SentPictures, before: CurrentPictures
    ) async throws -> PushResult {
        let pictures = try await seller.importPicturesV1(
            set, productID: productID, path: rules.v1Path, as: credential, within: budget)
        let current: CurrentPictures
        do { current = try await currentPictures(productID) } catch let fault as Fault {
            return pendingResult(productID, taskID: nil, fault)
        }
        let failed = pictures.filter { $0.state == .failed }.map { PictureError(url: $0.url, message: "") }
        let after = CurrentPictures(images: current.images, color: current.color, errors: current.errors + failed)
        let task = ImportTask(status: .imported)
        var result = PushVerification(
            sent: sent, refetches: sent.haveRefetchToken, task: task, before: before, after: after
        ).result(productID: productID, taskID: nil)
        // 360° pictures can't be read back, so the import's response counts.
        for picture in sent.images360 {
            let imported = pictures.first { $0.is360 && $0.url.utf8.elementsEqual(picture.url.utf8) }
            let reason: String
            switch imported?.state {
            case .imported, .uploaded:
                result.updatedImages360 += 1
                continue
            case .pending: reason = PictureReason.pending
            case .failed: reason = PictureReason.rejected
            case nil: reason = PictureReason.missing
            }
            result.errors.append(picture.fault(reason))
            result.status = .partial
        }
        let hasUpdates = result.updatedImages + result.updatedImages360 > 0 || result.updatedColorImage
        if !hasUpdates, !pictures.isEmpty, pictures.allSatisfy({ $0.state == .failed }) { result.status = .failed }
        return result
    }
}
