import Core
import Telemetry

extension Push {
    /// Sends an import. Before that, it is recorded in the slot as one whose response was lost, for the case that this
    /// process is killed. If Ozon rejects the import, the record is removed. If Ozon accepts it, the caller must
    /// replace the record.
    /// - Parameter send: gets a function to call when an attempt fails although Ozon may have accepted it.
    private func recording<Value>(
        _ sent: SentPictures, in slot: PushSlot, _ send: (_ onUncertainty: () -> Void) async throws -> Value
    ) async throws -> Value {
        let record = PendingPush(taskID: nil, sent)
        // An earlier import may have left an equal record, which must stay if Ozon rejects this one.
        var isUncertain = slot.pendingPushes.contains(record)
        slot.add(record)
        do { return try await send { isUncertain = true } } catch {
            if isUncertain { slot.add(record) } else { slot.remove(record) }
            throw error
        }
    }

    func importV2(
        _ set: PictureSet, of product: PushedProduct, _ slot: PushSlot, sent: SentPictures, before: CurrentPictures
    ) async throws -> PushResult {
        let taskID = try await recording(sent, in: slot) { onUncertainty in
            try await seller.importPictures(
                set, offerID: product.offerID, as: credential, within: budget, onUncertainty: onUncertainty)
        }
        let pending = PendingPush(taskID: taskID, sent)
        slot.add(pending)
        var isPending = true
        // If it stays pending, its lifetime begins again.
        defer { if isPending { slot.add(pending) } else { slot.remove(pending) } }
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

    func importV1(
        _ set: PictureSet, productID: Int, _ slot: PushSlot, sent: SentPictures, before: CurrentPictures
    ) async throws -> PushResult {
        let pictures = try await recording(sent, in: slot) { onUncertainty in
            try await seller.importPicturesV1(
                set, productID: productID, path: rules.v1Path, as: credential, within: budget,
                onUncertainty: onUncertainty)
        }
        slot.remove(PendingPush(taskID: nil, sent))
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
