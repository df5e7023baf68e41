import Core
import System
import Telemetry

/// Ozon's task for one import of pictures, as `/v1/product/import/info` reports it.
struct ImportTask {
    enum Status: String, CaseIterable {
        /// Ozon is working on the task, or has not registered it yet.
        case pending
        case imported
        /// The pictures have the same URLs as before, so Ozon fetched none of them again.
        case skipped
        case failed
    }

    let status: Status
    var errors: [Problem] = []
    /// The error of the push if a quota of items is used up. If the status is `pending`, Ozon may still carry the task
    /// out, so it remains a pending push.
    var quota: Fault?

    /// Whether further polls are useless: the task has finished, or waits for a quota.
    var endsPolling: Bool { status != .pending || quota != nil }
}

extension ImportTask {
    /// Reads the product's own item, `{"offer_id", "product_id", "status", "errors": [{"code", "field", "message"}]}`.
    /// A response without items means that Ozon has not registered the task yet.
    /// - Parameter offerID: nil if it is unknown. The product_id alone then selects the item.
    init(_ items: [ResponseValue], offerID: String?, productID: Int) throws {
        let own = try items.filter { item in
            let product = try item.id(ifAny: "product_id")
            guard let offerID else { return product == productID }
            return try item.string("offer_id").utf8.elementsEqual(offerID.utf8) && (product ?? productID) == productID
        }
        switch own.count {
        case 1: try self.init(own[0])
        case _ where items.isEmpty: self.init(status: .pending)
        default:
            throw Fault(
                .ozonBadAnswer, detail: "The task has \(own.count) items for the product \(productID), expected 1")
        }
    }

    private init(_ item: ResponseValue) throws {
        let ozonStatus: Status = try item.enumCase("status")
        // A missing list counts as empty, because the pictures are read back anyway.
        let errors = try item.list(ifAny: "errors")
        let problems = try errors.prefix(100).map { try Problem($0) }
        let hasError = try errors.contains { try !$0.isWarning }
        let hasFailed = hasError && [.imported, .skipped].contains(ozonStatus)
        self.init(status: hasFailed ? .failed : ozonStatus, errors: problems)
        if status != .imported, let error = problems.first(where: \.isQuotaError) {
            quota = Fault(.rateLimited, detail: error.reason, retryAfter: SellerError.quotaWait.milliseconds / 1000)
        }
    }
}

extension ResponseValue {
    /// An error without a level counts as a warning, one with an unknown level as an error.
    fileprivate var isWarning: Bool {
        get throws(Fault) {
            ["", "warning", "error_level_warning"].contains(try string(ifAny: "level")?.lowercased() ?? "")
        }
    }
}
