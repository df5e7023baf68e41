import JSON
import Telemetry

/// A failed request, as the client sees it: one of the rows of ErrorCode.swift's table, with what is specific to this request.
package struct Fault: Error, Sendable {
    package let code: ErrorCode
    /// More about the error, for people: what Ozon or R2 answered, without credentials.
    package var detail: String?
    /// What is wrong with the request's fields, in their order: at most `maxErrors` entries.
    package private(set) var errors: [FieldFault] = []
    /// How many more entries there were.
    package private(set) var errorsOmitted = 0
    /// After how many seconds the client should try again.
    package var retryAfter: Int?
    /// More about the error, for the log alone.
    package var logDetail: String?

    package init(_ code: ErrorCode, detail: String? = nil, retryAfter: Int? = nil, logDetail: String? = nil) {
        self.code = code
        self.detail = detail
        self.retryAfter = retryAfter
        self.logDetail = logDetail
    }

    /// The most entries in one response, however many faults a request has.
    package static let maxErrors = 100

    /// - Parameter omitted: how many faults there were in addition to `errors`.
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
