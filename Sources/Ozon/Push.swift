import Core
import System
import Telemetry
import Upstreams

/// Replaces a product's pictures: reads the current ones, sends the whole set, waits for Ozon's task, reads the
/// pictures back and compares.
package struct Push: Sendable {
    let seller: Seller
    let credential: Credential
    let rules: PushRules
    private let pushes: PushTable
    let budget: RetryBudget

    package init(_ tools: PushTools, as credential: Credential) {
        (seller, rules, pushes) = (tools.seller, tools.rules, tools.pushes)
        self.credential = credential
        budget = RetryBudget(rules.timeout, retries: rules.retries)
    }

    /// The part of the budget that is kept for reading back.
    var reserve: Duration { min(rules.timeout / 5, .seconds(3)) }

    /// - Parameter refetchToken: added to each URL's query, so that Ozon fetches the picture again.
    /// - Throws: a fault with status 404 if there is no such product, with 409 if the product accepts no pictures or an
    ///   earlier push is pending, and with 504 if too little time is left; or Ozon's error. If the import itself fails
    ///   with a timeout, a connection error or an unusable response, Ozon may have accepted it.
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
        if !pending.isEmpty {
            try await awaitPendingPushes(pending, of: product, slot)
            product = try await self.product(productID)
        }
        let sent = SentPictures(request, token: refetchToken)
        let carried = try CarriedPictures(from: product, missingIn: request)
        let set = PictureSet(
            images: sent.images.isEmpty ? carried.images : sent.images.map(\.url), images360: sent.images360.map(\.url),
            color: sent.color?.url ?? carried.color)
        let before = CurrentPictures(images: product.images, color: product.colorImages)
        try requireTime(.zero)
        try Task.checkCancellation()
        // A task of its own isn't cancelled with the request. Once Ozon has the import, the next push must not read the
        // pictures before it has finished.
        var result = try await Task { [product] in
            switch rules.api {
            case .v2: try await importV2(set, of: product, slot, sent: sent, before: before)
            case .v1: try await importV1(set, productID: productID, slot, sent: sent, before: before)
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

    func currentPictures(_ productID: Int) async throws -> CurrentPictures {
        try await seller.currentPictures(productID: productID, as: credential, within: budget)
    }

    /// - Throws: if the time left doesn't suffice for one call to Ozon and what follows it.
    private func requireTime(_ followingTime: Duration) throws {
        guard budget.remaining > followingTime + min(reserve, .seconds(1)) else {
            throw Fault(.ozonTimeout, detail: "Too little time was left, so nothing was sent")
        }
    }

    /// Waits for the tasks of earlier pushes that may still replace pictures that this one carries over.
    /// - Throws: 409 if one is still pending or unknown, or the error of the last poll. Nothing was sent.
    private func awaitPendingPushes(_ pushes: [PendingPush], of product: PushedProduct, _ slot: PushSlot) async throws {
        if pushes.contains(where: { $0.taskID == nil }) {
            throw Fault(.productConflict, detail: "It is unknown whether Ozon will carry out an earlier push")
        }
        for push in pushes {
            guard let taskID = push.taskID else { continue }
            try requireTime(reserve)
            let task: ImportTask
            do {
                task = try await seller.awaitImportTask(
                    taskID, offerID: product.offerID, productID: product.id, as: credential, within: budget,
                    firstPause: .zero, reserve: reserve)
            } catch let fault as Fault where fault.code == .productNotFound {
                // Ozon doesn't have the task, but it has just returned the product.
                throw Fault(.productConflict, detail: "Task \(taskID) of an earlier push was not found")
            }
            guard task.status != .pending else {
                throw Fault(.productConflict, detail: "Task \(taskID) of an earlier push has not finished")
            }
            slot.remove(push)
        }
    }
}
