import Core
import R2
import Uploads

extension Fields {
    /// The operation that `method` and the presence of `uploadId` and `partNumber` select. Fields that the operation
    /// requires may still be missing.
    func operation() -> ObjectOperation? {
        switch choice("method", ["PUT", "POST", "GET", "DELETE"], required: true) {
        case "PUT": has("uploadId") || has("partNumber") ? .uploadPart : .putObject
        case "POST": has("uploadId") ? .completeUpload : .createUpload
        case "GET": .listParts
        case "DELETE": has("uploadId") ? .abortUpload : .deleteObject
        default: nil
        }
    }

    /// An integer that is a field of one operation only.
    /// - Parameter operation: the request's operation; nil if it is unknown.
    func integer(
        _ name: StaticString, in range: ClosedRange<Int>, ofOnly owner: ObjectOperation,
        for operation: ObjectOperation?, required: Bool
    ) -> Int? {
        guard let operation, operation != owner else {
            return integer(name, in: range, required: required && operation != nil)
        }
        failIfPresent(name, for: operation)
        return nil
    }

    /// The media type that is signed: of an object that is created, one of `R2_ALLOWED_TYPES`; of the list of parts
    /// that completes an upload, `application/xml`.
    func contentType(of operation: ObjectOperation?, _ rules: UploadRules) -> String? {
        switch operation {
        case nil: return nil
        case .putObject, .createUpload: return contentType(rules, named: "contentType")
        case .completeUpload: return choice("contentType", ["application/xml"], required: false)
        case let operation?:
            failIfPresent("contentType", for: operation)
            return nil
        }
    }

    private func failIfPresent(_ name: StaticString, for operation: ObjectOperation) {
        if has(name) { fail(name, "Not allowed for \(operation.rawValue)") }
    }
}
