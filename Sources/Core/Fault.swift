/// The one place where errors become HTTP. Whatever an endpoint or an upstream runs into is one of these rows; a stranger
/// error is `internalError`, and its cause stands in the log only.
package struct Fault: Error, Sendable {
    package enum Kind: Int, Sendable, CaseIterable {
        case validationFailed, unauthorized
        case ozonUnauthorized, pathNotAllowed, scopeDenied
        case productNotFound, uploadNotFound
        case methodNotAllowed, bodyTooLarge, unsupportedMediaType
        case productConflict
        case rateLimited
        case internalError
        case ozonUnavailable, ozonBadAnswer, ozonMethodRetired
        case overloaded
        case ozonTimeout
        case storageUnavailable, storageRefused, storageTimeout
    }

    package let kind: Kind
    /// What Ozon or R2 said, scrubbed of credentials.
    package var detail: String?
    /// What is wrong with the request's fields, in their order: at most `maxErrors`.
    package private(set) var errors: [FieldFault] = []
    /// How many more faults there were.
    package private(set) var errorsOmitted = 0
    /// Seconds.
    package var retryAfter: Int?
    /// For the log alone.
    package var cause: String?

    package init(_ kind: Kind, detail: String? = nil, retryAfter: Int? = nil, cause: String? = nil) {
        self.kind = kind
        self.detail = detail
        self.retryAfter = retryAfter
        self.cause = cause
    }

    /// An answer lists no more faults than this, however many a request has.
    package static let maxErrors = 100

    /// - Parameter omitted: how many faults there were besides `errors`.
    package init(errors: [FieldFault], omitted: Int = 0) {
        self.init(.validationFailed)
        self.errors = Array(errors.prefix(Self.maxErrors))
        errorsOmitted = omitted + errors.count - self.errors.count
    }
}

/// One fault of one field: `{"field": "credential.client_id", "index"?: 2, "url"?: "…", "reason": "Field required"}`.
package struct FieldFault: Error, Sendable, Equatable {
    package let field: String
    package var index: Int?
    package var url: String?
    package let reason: String

    package init(field: String, index: Int? = nil, url: String? = nil, reason: String) {
        self.field = field
        self.index = index
        self.url = url
        self.reason = reason
    }
}

extension Fault.Kind {
    package var row: (status: Int, code: String, error: String) {
        switch self {
        case .validationFailed: (400, "VALIDATION_FAILED", "Validation failed")
        case .unauthorized: (401, "UNAUTHORIZED", "Invalid or missing API key")
        case .ozonUnauthorized: (403, "OZON_UNAUTHORIZED", "API key unauthorized")
        case .pathNotAllowed: (403, "PATH_NOT_ALLOWED", "Path not allowed")
        case .scopeDenied: (403, "SCOPE_DENIED", "Endpoint not allowed")
        case .productNotFound: (404, "PRODUCT_NOT_FOUND", "Product not found")
        case .uploadNotFound: (404, "UPLOAD_NOT_FOUND", "Upload not found")
        case .methodNotAllowed: (405, "METHOD_NOT_ALLOWED", "Method not allowed")
        case .bodyTooLarge: (413, "BODY_TOO_LARGE", "Request body too large")
        case .unsupportedMediaType: (415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
        case .productConflict: (409, "PRODUCT_CONFLICT", "Product status conflict")
        case .rateLimited: (429, "RATE_LIMITED", "Rate limited")
        case .internalError: (500, "INTERNAL", "Internal error")
        case .ozonUnavailable: (502, "OZON_UNAVAILABLE", "Ozon API unavailable")
        case .ozonBadAnswer: (502, "OZON_BAD_ANSWER", "Ozon API gave an unusable answer")
        case .ozonMethodRetired: (502, "OZON_METHOD_RETIRED", "Ozon API method retired")
        case .overloaded: (503, "OVERLOADED", "Overloaded")
        case .ozonTimeout: (504, "OZON_TIMEOUT", "Ozon API timeout")
        case .storageUnavailable: (502, "STORAGE_UNAVAILABLE", "Storage unavailable")
        case .storageRefused: (502, "STORAGE_REFUSED", "Storage refused the request")
        case .storageTimeout: (504, "STORAGE_TIMEOUT", "Storage timeout")
        }
    }
}

extension Fault {
    /// The envelope's members; the caller opens and closes the object.
    package func writeMembers(to json: inout JSONWriter, requestID: String) {
        json.member("success", false)
        json.member("error", kind.row.error)
        json.member("code", kind.row.code)
        json.member("request_id", requestID)
        json.member("detail", ifAny: detail)
        if !errors.isEmpty { json.member("errors", errors) }
        if errorsOmitted > 0 { json.member("errors_omitted", errorsOmitted) }
    }
}

extension FieldFault: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("field", field)
            $0.member("index", ifAny: index)
            $0.member("url", ifAny: url)
            $0.member("reason", reason)
        }
    }
}
