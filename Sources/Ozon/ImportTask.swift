import Core
import HTTPClient

/// How far Ozon is with an import of pictures.
package struct ImportTask: Sendable {
    package enum Status: Sendable, Equatable {
        /// Ozon is at it, or doesn't know the task yet.
        case pending
        case imported
        /// The pictures have the URLs they had: Ozon fetched none of them again.
        case skipped
        case failed
    }

    package let status: Status
    /// What went wrong, in Ozon's words. With `imported`: some pictures failed.
    package let errors: [(field: String, reason: String)]

    package init(status: Status, errors: [(field: String, reason: String)] = []) {
        self.status = status
        self.errors = errors
    }

    /// `{"result": {"total": 1, "items": [{"offer_id", "product_id", "status", "errors": [{"code", "field", "message"}]}]}}`
    init(_ json: JSON, _ credential: Credential) {
        let item = json["result"]?["items"]?.array?.first
        errors = (item?["errors"]?.array ?? []).map { error in
            let texts = [error["message"], error["description"], error["code"]].compactMap { $0?.string }
            let isColor = error["field"]?.string?.contains("color") == true
            return (
                isColor ? "color_image" : "images", credential.scrub(texts.first { !$0.isEmpty } ?? "Refused by Ozon")
            )
        }
        status =
            switch item?["status"]?.string {
            case "imported": .imported
            case "skipped": .skipped
            case "failed": .failed
            default: .pending
            }
    }
}

extension Seller {
    /// `POST /v1/product/import/info`, once.
    func importTask(_ id: Int, as credential: Credential, within retry: Retry) async throws -> ImportTask {
        var body = JSONWriter()
        body.object { $0.member("task_id", id) }
        return ImportTask(
            try await call("/v1/product/import/info", body.bytes, as: credential, within: retry), credential)
    }

    /// Asks until the task has ended or the time is nearly used up: after 0.5 s, then with growing pauses, at most 4 s.
    /// A question that fails for the moment is asked again.
    /// - Parameter reserve: what must be left for the read-back.
    func awaitImportTask(
        _ id: Int, as credential: Credential, within retry: Retry, reserve: Duration
    ) async throws -> ImportTask {
        var pause = Duration.milliseconds(500)
        while pause + reserve < retry.left {
            try await Trace.pause(for: pause)
            if let task = try await unlessMomentary({ try await importTask(id, as: credential, within: retry) }),
                task.status != .pending
            {
                return task
            }
            pause = min(pause * 3 / 2, .seconds(4))
        }
        return ImportTask(status: .pending)
    }
}

/// nil for a failure that says nothing about the work itself, which Ozon already has.
func unlessMomentary<Value>(_ work: () async throws -> Value) async throws -> Value? {
    do {
        return try await work()
    } catch let fault as Fault
        where [.ozonTimeout, .ozonUnavailable, .ozonBadAnswer, .rateLimited].contains(fault.kind)
    {
        return nil
    }
}
