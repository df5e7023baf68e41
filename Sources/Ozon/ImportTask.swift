import Encoding
import Core
import HTTPClient
import JSON
import Telemetry
import Upstreams

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
        /// All that Ozon wrote about it, a line each, which may name a picture by its URL. At most `maxBytes`.
        let texts: [UInt8]
        private static let maxBytes = 4096

        package init(field: String, reason: String, texts: [String] = []) {
            self.field = field
            self.reason = reason
            self.texts = Array(texts.joined(separator: "\n").utf8.prefix(Self.maxBytes))
        }
    }

    package let status: Status
    /// With `imported`: some pictures failed.
    package let errors: [Problem]
    /// Set if a quota of items kept Ozon from the import.
    let quota: Fault?

    var hasEnded: Bool { status != .pending || quota != nil }

    package init(status: Status, errors: [Problem] = []) {
        self.status = status
        self.errors = errors
        quota = nil
    }

    /// Reads the product's own item, `{"offer_id", "product_id", "status", "errors": [{"code", "field", "message"}]}`. A
    /// task without items isn't known to Ozon yet.
    /// - Parameter offerID: nil if it isn't known; then product_id alone decides.
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
        let told: Status = try item.word("status")
        // Without a list there are none: reading the pictures back decides what was taken.
        let errors = try item.list(ifAny: "errors")
        self.errors = try errors.prefix(100).map { try Problem($0) }
        let isError = try errors.contains { try !$0.isWarning }
        status = told == .imported && isError ? .failed : told
        let overQuota =
            status == .imported ? nil : self.errors.first { namesQuota([String(decoding: $0.texts, as: UTF8.self)]) }
        quota = overQuota.map {
            Fault(.rateLimited, detail: $0.reason, retryAfter: SellerError.quotaWait.milliseconds / 1000)
        }
    }
}

extension ImportTask.Problem {
    /// The message, else the description, else the code.
    fileprivate init(_ error: ResponseValue) throws(Fault) {
        let nested = try error.object(ifAny: "texts")
        let texts = [
            try error.string(ifAny: "message"), try error.string(ifAny: "description"),
            try nested?.string(ifAny: "message"), try nested?.string(ifAny: "description"),
            try error.string(ifAny: "code"),
        ].compactMap(\.self)
        self.init(
            field: try error.string(ifAny: "field")?.contains("color") == true ? "color_image" : "images",
            reason: error.scrubbed(texts.first { !$0.isEmpty } ?? "Refused by Ozon"), texts: error.texts)
    }
}

extension ImportTask.Problem {
    /// Whether a text of it has this URL, and not only a longer one that begins with it.
    func names(_ url: String) -> Bool {
        let url = Array(url.utf8)
        guard !url.isEmpty, texts.count >= url.count else { return false }
        return (0...(texts.count - url.count)).contains { start in
            guard texts[start] == url[0], texts[start...].starts(with: url) else { return false }
            var rest = texts[(start + url.count)...]
            // A full stop ends a sentence, or goes on with an extension.
            if rest.first == .dot { rest = rest.dropFirst() }
            return rest.first.map { !continuesURL($0) } ?? true
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

extension ResponseValue {
    /// An error without a level names pictures that were not taken, as a warning does. A level that isn't known counts as
    /// an error.
    fileprivate var isWarning: Bool {
        get throws(Fault) {
            ["", "warning", "error_level_warning"].contains(try string(ifAny: "level")?.lowercased() ?? "")
        }
    }
}

extension Seller {
    /// `POST /v1/product/import/info`, once: `{"result": {"total": 1, "items": […]}}`.
    func taskItems(_ id: Int, as credential: Credential, within retry: Retry) async throws -> [ResponseValue] {
        var body = JSONWriter()
        body.object { $0.member("task_id", id) }
        let answer = try await call("/v1/product/import/info", body.bytes, as: credential, within: retry)
        return try answer.object("result").list("items")
    }

    /// Polls until the task has ended or the time is nearly used up, with growing pauses of at most 4 s. A poll that
    /// fails temporarily, or whose answer isn't understood, is repeated.
    /// - Parameter first: the pause before the first poll.
    /// - Parameter reserve: what must be left for the calls that follow.
    /// - Throws: why the last poll failed. That says nothing about the import, which Ozon already has.
    func awaitImportTask(
        _ id: Int, offerID: String, productID: Int, as credential: Credential, within retry: Retry,
        first: Duration = .milliseconds(500), reserve: Duration
    ) async throws -> ImportTask {
        var pause = first
        var fault: Fault?
        while pause + reserve < retry.remaining {
            try await RequestTrace.pause(for: pause)
            do {
                let items = try await taskItems(id, as: credential, within: retry)
                let task = try ImportTask(items, offerID: offerID, productID: productID)
                if task.hasEnded { return task }
                fault = nil
            } catch let error as Fault
                where [.ozonTimeout, .ozonUnavailable, .ozonBadAnswer, .rateLimited].contains(error.code)
            {
                fault = error
            }
            pause = min(max(pause * 3 / 2, .milliseconds(500)), .seconds(4))
        }
        if let fault { throw fault }
        return ImportTask(status: .pending)
    }
}
