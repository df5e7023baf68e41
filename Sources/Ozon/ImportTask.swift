import Core
import HTTPClient

/// How far Ozon is with an import of pictures.
package struct ImportTask: Sendable {
    package enum Status: String, Sendable, CaseIterable {
        /// Ozon is working on it, or doesn't know the task yet.
        case pending
        case imported
        /// The pictures have the URLs they had: Ozon fetched none of them again.
        case skipped
        case failed
    }

    /// What went wrong, in Ozon's words.
    package struct Problem: Sendable {
        /// `images` or `color_image`.
        package let field: String
        package let reason: String
        /// All that Ozon wrote about it, which may name a picture by its URL.
        package let texts: [String]

        package init(field: String, reason: String, texts: [String] = []) {
            self.field = field
            self.reason = reason
            self.texts = texts
        }
    }

    package let status: Status
    /// With `imported`: some pictures failed.
    package let errors: [Problem]
    /// Set if a quota of items kept Ozon from the import.
    let quota: Fault?

    package init(status: Status, errors: [Problem] = []) {
        self.status = status
        self.errors = errors
        quota = nil
    }

    /// Reads the product's own item, `{"offer_id", "product_id", "status", "errors": [{"code", "field", "message"}]}`. A
    /// task without items isn't known to Ozon yet.
    /// - Parameter offerID: nil if it isn't known; then product_id alone decides.
    init(_ items: [AnswerValue], offerID: String?, productID: Int) throws {
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

    private init(_ item: AnswerValue) throws {
        let told: Status = try item.word("status")
        let errors = try item.list(ifAny: "errors").prefix(100)
        self.errors = try errors.map { try Problem($0) }
        // Ozon calls a product imported although it has taken none of it.
        let isError = try errors.contains { try $0.isError }
        status = told == .imported && isError ? .failed : told
        let overQuota = status == .imported ? nil : self.errors.first { namesQuota($0.texts) }
        quota = overQuota.map {
            Fault(.rateLimited, detail: $0.reason, retryAfter: SellerError.quotaWait.milliseconds / 1000)
        }
    }
}

extension ImportTask.Problem {
    /// The message, else the description, else the code.
    fileprivate init(_ error: AnswerValue) throws(Fault) {
        let nested = try error.object(ifAny: "texts")
        let texts = [
            try error.string(ifAny: "message"), try error.string(ifAny: "description"),
            try nested?.string(ifAny: "message"), try nested?.string(ifAny: "description"),
            try error.string(ifAny: "code"),
        ].compactMap(\.self)
        field = try error.string(ifAny: "field")?.contains("color") == true ? "color_image" : "images"
        reason = error.scrubbed(texts.first { !$0.isEmpty } ?? "Refused by Ozon")
        self.texts = error.texts.prefix(20).map { String(decoding: $0.utf8.prefix(4096), as: UTF8.self) }
    }
}

extension ImportTask.Problem {
    /// Whether a text of it has this URL, and not only a longer one that begins with it.
    func names(_ url: String) -> Bool {
        let url = Array(url.utf8)
        return texts.contains { text in
            let text = Array(text.utf8)
            guard !url.isEmpty, text.count >= url.count else { return false }
            return (0...(text.count - url.count)).contains { start in
                guard text[start...].starts(with: url) else { return false }
                var rest = text[(start + url.count)...]
                // A full stop ends a sentence, or goes on with an extension.
                if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst() }
                return rest.first.map { !continuesURL($0) } ?? true
            }
        }
    }
}

private func continuesURL(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "/?#=&%-_~+@".utf8.contains(byte)
    }
}

extension AnswerValue {
    /// `error` and `ERROR_LEVEL_ERROR`, as opposed to warnings; a level that isn't known is taken for an error.
    fileprivate var isError: Bool {
        get throws(Fault) {
            guard let level = try string(ifAny: "level")?.lowercased(), !level.isEmpty else { return false }
            return !level.hasSuffix("warning") && !level.hasSuffix("unspecified") && !level.hasSuffix("info")
        }
    }
}

extension Seller {
    /// `POST /v1/product/import/info`, once: `{"result": {"total": 1, "items": […]}}`.
    func taskItems(_ id: Int, as credential: Credential, within retry: Retry) async throws -> [AnswerValue] {
        var body = JSONWriter()
        body.object { $0.member("task_id", id) }
        let answer = try await call("/v1/product/import/info", body.bytes, as: credential, within: retry)
        return try answer.object("result").list("items")
    }

    /// Polls until the task has ended or the time is nearly used up: after 0.5 s, then with growing pauses, at most 4 s.
    /// A poll that fails temporarily, or whose answer isn't understood, is repeated.
    /// - Parameter reserve: what must be left for the read-back.
    func awaitImportTask(
        _ id: Int, of product: PushedProduct, as credential: Credential, within retry: Retry, reserve: Duration
    ) async throws -> ImportTask {
        var pause = Duration.milliseconds(500)
        while pause + reserve < retry.left {
            try await Trace.pause(for: pause)
            let task = try await unlessMomentary {
                let items = try await taskItems(id, as: credential, within: retry)
                return try ImportTask(items, offerID: product.offerID, productID: product.id)
            }
            if let task, task.status != .pending || task.quota != nil { return task }
            pause = min(pause * 3 / 2, .seconds(4))
        }
        return ImportTask(status: .pending)
    }
}

/// Returns nil for a failure that says nothing about the import itself, which Ozon already has.
func unlessMomentary<Value>(_ work: () async throws -> Value) async throws -> Value? {
    do {
        return try await work()
    } catch let fault as Fault
        where [.ozonTimeout, .ozonUnavailable, .ozonBadAnswer, .rateLimited].contains(fault.kind)
    {
        return nil
    }
}
