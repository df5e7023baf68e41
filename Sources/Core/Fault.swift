import JSON
import Telemetry

/// The failure of a request, as the client sees it: a row of the table in ErrorCode.swift, and details of this request.
package struct Fault: Error, Sendable {
    package let code: ErrorCode
    /// A human-readable message, such as Ozon's or R2's error message, without credentials.
    package var detail: String?
    /// The faults of the request's fields, in field order; at most `maxErrors`.
    package private(set) var errors: [FieldFault] = []
    /// The number of further faults.
    package private(set) var errorsOmitted = 0
    /// The number of seconds after which the client should try again.
    package var retryAfter: Int?
    /// The cause, written to the log but never sent to the client.
    package var cause: String?

    package init(_ code: ErrorCode, detail: String? = nil, retryAfter: Int? = nil, cause: String? = nil) {
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
        self.cause = cause
    }

    /// The maximum number of field faults in one response.
    static let maxErrors = 100

    /// - Parameter omitted: the number of faults in addition to `errors`.
    package init(errors: [FieldFault], omitted: Int = 0) {
        self.init(.validationFailed)
        self.errors = Array(errors.prefix(Self.maxErrors))
        errorsOmitted = omitted + errors.count - self.errors.count
    }
}

extension Fault {
    /// Writes the members of the error envelope into an object that is already open.
    package func writeMembers(to json: inout JSONWriter, requestID: String) {
        json.member("success", false)
        json.member("error", code.message)
        json.member("code", code.name)
        json.member("request_id", requestID)
        json.member("detail", ifAny: detail)
        if !errors.isEmpty { json.member("errors", errors) }
        if errorsOmitted > 0 { json.member("errors_omitted", errorsOmitted) }
    }
}
