import Testing

/// A row of the contract's error table.
struct Failure {
    let status: Int
    let code: String
    let error: String

    static let validationFailed = Failure(status: 400, code: "VALIDATION_FAILED", error: "Validation failed")
    static let unauthorized = Failure(status: 401, code: "UNAUTHORIZED", error: "Invalid or missing API key")
    static let ozonUnauthorized = Failure(status: 403, code: "OZON_UNAUTHORIZED", error: "API key unauthorized")
    static let pathNotAllowed = Failure(status: 403, code: "PATH_NOT_ALLOWED", error: "Path not allowed")
    static let scopeDenied = Failure(status: 403, code: "SCOPE_DENIED", error: "Endpoint not allowed")
    static let productNotFound = Failure(status: 404, code: "PRODUCT_NOT_FOUND", error: "Product not found")
    static let uploadNotFound = Failure(status: 404, code: "UPLOAD_NOT_FOUND", error: "Upload not found")
    static let methodNotAllowed = Failure(status: 405, code: "METHOD_NOT_ALLOWED", error: "Method not allowed")
    static let productConflict = Failure(status: 409, code: "PRODUCT_CONFLICT", error: "Product status conflict")
    static let bodyTooLarge = Failure(status: 413, code: "BODY_TOO_LARGE", error: "Request body too large")
    static let unsupportedMediaType = Failure(
        status: 415, code: "UNSUPPORTED_MEDIA_TYPE", error: "Content-Type must be application/json")
    static let rateLimited = Failure(status: 429, code: "RATE_LIMITED", error: "Rate limited")
    static let ozonUnavailable = Failure(status: 502, code: "OZON_UNAVAILABLE", error: "Ozon API unavailable")
    static let ozonBadAnswer = Failure(status: 502, code: "OZON_BAD_ANSWER", error: "Ozon API gave an unusable answer")
    static let ozonMethodRetired = Failure(status: 502, code: "OZON_METHOD_RETIRED", error: "Ozon API method retired")
    static let backendUnavailable = Failure(status: 502, code: "BACKEND_UNAVAILABLE", error: "Backend unavailable")
    static let storageUnavailable = Failure(status: 502, code: "STORAGE_UNAVAILABLE", error: "Storage unavailable")
    static let storageRefused = Failure(status: 502, code: "STORAGE_REFUSED", error: "Storage refused the request")
    static let overloaded = Failure(status: 503, code: "OVERLOADED", error: "Overloaded")
    static let ozonTimeout = Failure(status: 504, code: "OZON_TIMEOUT", error: "Ozon API timeout")
    static let storageTimeout = Failure(status: 504, code: "STORAGE_TIMEOUT", error: "Storage timeout")
    static let backendTimeout = Failure(status: 504, code: "BACKEND_TIMEOUT", error: "Backend timeout")
}

/// The whole envelope, and the headers of every answer.
func expect(
    _ answer: HTTPAnswer, _ failure: Failure, _ comment: String = "", at location: SourceLocation = #_sourceLocation
) {
    let json = answer.json
    let what = Comment(rawValue: "\(comment): \(answer.status) \(answer.text.prefix(300))")
    #expect(answer.status == failure.status, what, sourceLocation: location)
    #expect(json["success"].bool == false, what, sourceLocation: location)
    #expect(json["code"].string == failure.code, what, sourceLocation: location)
    #expect(json["error"].string == failure.error, what, sourceLocation: location)
    #expect(json["request_id"].string == answer["X-Request-Id"], what, sourceLocation: location)
    let members: Set = ["success", "code", "error", "request_id", "detail", "errors", "errors_omitted"]
    #expect(members.isSuperset(of: json.names), what, sourceLocation: location)
    #expect(json["errors"].exists == (failure.status == 400), what, sourceLocation: location)
    #expect((answer["Retry-After"] != nil) == [429, 503].contains(failure.status), what, sourceLocation: location)
    expectUsualHeaders(answer, at: location)
}

func expectUsualHeaders(_ answer: HTTPAnswer, at location: SourceLocation = #_sourceLocation) {
    #expect(answer["Content-Type"] == "application/json", sourceLocation: location)
    #expect(answer["Cache-Control"] == "no-store", sourceLocation: location)
    #expect(answer["X-Content-Type-Options"] == "nosniff", sourceLocation: location)
    #expect(answer["X-Request-Id"]?.isEmpty == false, sourceLocation: location)
}

/// What a 400 lists, one line each: `articles[2]: Must be a string`.
func faults(_ answer: HTTPAnswer) -> [String] {
    answer.json["errors"].list.map { fault in
        let index = fault["index"].int.map { "[\($0)]" } ?? ""
        return "\(fault["field"].string ?? "?")\(index): \(fault["reason"].string ?? "?")"
    }
}
