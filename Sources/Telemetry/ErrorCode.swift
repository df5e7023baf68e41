/// Every error that an API request can end with: HTTP status, machine-readable code, human-readable message.
package enum ErrorCode: Int, Sendable, CaseIterable {
    case validationFailed, unauthorized
    case ozonUnauthorized, pathNotAllowed, scopeDenied, operationNotAllowed
    case productNotFound, uploadNotFound
    case methodNotAllowed, bodyTooLarge, unsupportedMediaType
    case productConflict
    case rateLimited
    /// The client closed the connection before the response was complete. The status is nginx's and is only logged.
    case clientClosedRequest
    case internalError
    case ozonUnavailable, ozonBadAnswer, ozonMethodRetired
    case overloaded
    case ozonTimeout
    case storageUnavailable, storageRefused, storageTimeout

    package var status: Int { row.status }
    /// `VALIDATION_FAILED`
    package var name: String { row.name }
    package var message: String { row.message }

    private var row: (status: Int, name: String, message: String) {
        switch self {
        case .validationFailed: (400, "VALIDATION_FAILED", "Validation failed")
        case .unauthorized: (401, "UNAUTHORIZED", "Invalid or missing API key")
        case .ozonUnauthorized: (403, "OZON_UNAUTHORIZED", "API key unauthorized")
        case .pathNotAllowed: (403, "PATH_NOT_ALLOWED", "Path not allowed")
        case .scopeDenied: (403, "SCOPE_DENIED", "Endpoint not allowed")
        case .operationNotAllowed: (403, "OPERATION_NOT_ALLOWED", "Operation not allowed")
        case .productNotFound: (404, "PRODUCT_NOT_FOUND", "Product not found")
        case .uploadNotFound: (404, "UPLOAD_NOT_FOUND", "Upload not found")
        case .methodNotAllowed: (405, "METHOD_NOT_ALLOWED", "Method not allowed")
        case .productConflict: (409, "PRODUCT_CONFLICT", "Product status conflict")
        case .bodyTooLarge: (413, "BODY_TOO_LARGE", "Request body too large")
        case .unsupportedMediaType: (415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
        case .rateLimited: (429, "RATE_LIMITED", "Rate limited")
        case .clientClosedRequest: (499, "CLIENT_WENT_AWAY", "Client closed the request")
        case .internalError: (500, "INTERNAL", "Internal error")
        case .ozonUnavailable: (502, "OZON_UNAVAILABLE", "Ozon API unavailable")
        case .ozonBadAnswer: (502, "OZON_BAD_ANSWER", "Ozon API gave an unusable answer")
        case .ozonMethodRetired: (502, "OZON_METHOD_RETIRED", "Ozon API method retired")
        case .storageUnavailable: (502, "STORAGE_UNAVAILABLE", "Storage unavailable")
        case .storageRefused: (502, "STORAGE_REFUSED", "Storage refused the request")
        case .overloaded: (503, "OVERLOADED", "Overloaded")
        case .ozonTimeout: (504, "OZON_TIMEOUT", "Ozon API timeout")
        case .storageTimeout: (504, "STORAGE_TIMEOUT", "Storage timeout")
        }
    }
}
