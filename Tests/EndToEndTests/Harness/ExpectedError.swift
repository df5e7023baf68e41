import TestSupport
import Testing

/// A row of the API reference's error table.
struct ExpectedError {
    let status: Int
    let code: String
    let message: String

    init(_ status: Int, _ code: String, _ message: String) {
        (self.status, self.code, self.message) = (status, code, message)
    }

    static let validationFailed = Self(400, "VALIDATION_FAILED", "Validation failed")
    static let unauthorized = Self(401, "UNAUTHORIZED", "Invalid or missing API key")
    static let ozonUnauthorized = Self(403, "OZON_UNAUTHORIZED", "API key unauthorized")
    static let pathNotAllowed = Self(403, "PATH_NOT_ALLOWED", "Path not allowed")
    static let scopeDenied = Self(403, "SCOPE_DENIED", "Endpoint not allowed")
    static let operationNotAllowed = Self(403, "OPERATION_NOT_ALLOWED", "Operation not allowed")
    static let productNotFound = Self(404, "PRODUCT_NOT_FOUND", "Product not found")
    static let uploadNotFound = Self(404, "UPLOAD_NOT_FOUND", "Upload not found")
    static let notFound = Self(404, "NOT_FOUND", "Not found")
    static let methodNotAllowed = Self(405, "METHOD_NOT_ALLOWED", "Method not allowed")
    static let productConflict = Self(409, "PRODUCT_CONFLICT", "Product status conflict")
    static let bodyTooLarge = Self(413, "BODY_TOO_LARGE", "Request body too large")
    static let uriTooLong = Self(414, "URI_TOO_LONG", "Request URI too long")
    static let unsupportedMediaType = Self(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
    static let rateLimited = Self(429, "RATE_LIMITED", "Rate limited")
    static let internalError = Self(500, "INTERNAL", "Internal error")
    static let notImplemented = Self(501, "NOT_IMPLEMENTED", "Not implemented")
    static let ozonUnavailable = Self(502, "OZON_UNAVAILABLE", "Ozon API unavailable")
    static let ozonBadAnswer = Self(502, "OZON_BAD_ANSWER", "Ozon API gave an unusable answer")
    static let ozonMethodRetired = Self(502, "OZON_METHOD_RETIRED", "Ozon API method retired")
    static let backendUnavailable = Self(502, "BACKEND_UNAVAILABLE", "Backend unavailable")
    static let storageUnavailable = Self(502, "STORAGE_UNAVAILABLE", "Storage unavailable")
    static let storageRefused = Self(502, "STORAGE_REFUSED", "Storage refused the request")
    static let overloaded = Self(503, "OVERLOADED", "Overloaded")
    static let sessionCheckFailed = Self(503, "SESSION_CHECK_FAILED", "Session check failed")
    static let ozonTimeout = Self(504, "OZON_TIMEOUT", "Ozon API timeout")
    static let storageTimeout = Self(504, "STORAGE_TIMEOUT", "Storage timeout")
    static let backendTimeout = Self(504, "BACKEND_TIMEOUT", "Backend timeout")
    static let versionNotSupported = Self(505, "HTTP_VERSION_NOT_SUPPORTED", "HTTP version not supported")
}

/// Checks an error's status, its JSON envelope and the headers that every response has.
func expect(
    _ response: HTTPResponse, _ error: ExpectedError, _ comment: String = "",
    at location: SourceLocation = #_sourceLocation
) {
    let json = response.json
    let comment = Comment(rawValue: "\(comment): \(response.status) \(response.text.prefix(300))")
    #expect(response.status == error.status, comment, sourceLocation: location)
    #expect(json["success"].bool == false, comment, sourceLocation: location)
    #expect(json["code"].string == error.code, comment, sourceLocation: location)
    #expect(json["error"].string == error.message, comment, sourceLocation: location)
    #expect(json["request_id"].string == response["X-Request-Id"], comment, sourceLocation: location)
    let members: Set = ["success", "code", "error", "request_id", "detail", "errors", "errors_omitted"]
    #expect(members.isSuperset(of: json.names), comment, sourceLocation: location)
    #expect(json["errors"].exists == (error.status == 400), comment, sourceLocation: location)
    #expect((response["Retry-After"] != nil) == [429, 503].contains(error.status), comment, sourceLocation: location)
    expectCommonHeaders(response, at: location)
}

func expectCommonHeaders(_ response: HTTPResponse, at location: SourceLocation = #_sourceLocation) {
    #expect(response["Content-Type"] == "application/json", sourceLocation: location)
    #expect(response["Cache-Control"] == "no-store", sourceLocation: location)
    #expect(response["X-Content-Type-Options"] == "nosniff", sourceLocation: location)
    #expect(response["X-Request-Id"]?.isEmpty == false, sourceLocation: location)
}

/// The `errors` of a response, one string each: `articles[2]: Must be a string`.
func fieldErrors(_ response: HTTPResponse) -> [String] {
    response.json["errors"].list.map { error in
        let index = error["index"].int.map { "[\($0)]" } ?? ""
        return "\(error["field"].string ?? "?")\(index): \(error["reason"].string ?? "?")"
    }
}
