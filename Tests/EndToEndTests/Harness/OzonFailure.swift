import Foundation
import TestSupport
import Testing

/// One of Ozon's failures and the error that it becomes. The stand-in produces it for the Api-Key of that name.
/// Stalls are tested separately, because each takes as long as the budget.
struct OzonFailure {
    let key: String
    let error: ExpectedError
    let detail: String?
    /// The number of calls, including retries.
    let calls: Int
    let retryAfter: String?

    private init(_ key: String, _ error: ExpectedError, _ detail: String?, calls: Int = 1, retryAfter: String? = nil) {
        (self.key, self.error, self.detail) = (key, error, detail)
        (self.calls, self.retryAfter) = (calls, retryAfter)
    }

    static let all = [
        OzonFailure("invalid-key", .ozonUnauthorized, "Invalid Api-Key, please check the key"),
        OzonFailure("no-key-16", .ozonUnauthorized, "Client-Id and Api-Key headers are required"),
        OzonFailure("deactivated", .ozonUnauthorized, "Api-key is deactivated"),
        OzonFailure("no-role", .ozonUnauthorized, "Api-Key is missing a required role"),
        OzonFailure("ip-restricted", .ozonUnauthorized, "restricted to specific IP addresses"),
        OzonFailure("not-signed", .ozonUnauthorized, "Offer not signed"),
        OzonFailure("bad-client-id", .ozonUnauthorized, "Client-Id header value should be positive integer"),
        OzonFailure("not-found", .productNotFound, "Item not found"),
        OzonFailure("conflict", .productConflict, "conflict"),
        OzonFailure("rate-limited", .rateLimited, nil, calls: 3, retryAfter: "1"),
        OzonFailure("rate-limited-long", .rateLimited, nil, retryAfter: "3600"),
        OzonFailure("item-limit", .rateLimited, "item_limit_exceeded", retryAfter: "300"),
        OzonFailure("bad-request", .ozonBadAnswer, "proto: syntax error"),
        OzonFailure("html-200", .ozonBadAnswer, nil),
        OzonFailure("bad-json", .ozonBadAnswer, nil),
        OzonFailure("empty-200", .ozonBadAnswer, nil),
        OzonFailure("wrong-shape", .ozonBadAnswer, nil),
        OzonFailure("retired", .ozonMethodRetired, "obsolete method cannot be used"),
        OzonFailure("retired-410", .ozonMethodRetired, "obsolete method cannot be used"),
        OzonFailure("internal", .ozonUnavailable, "Internal error", calls: 3),
        OzonFailure("circle-open", .ozonUnavailable, "Circle is open", calls: 3),
        OzonFailure("html-502", .ozonUnavailable, nil, calls: 3),
        OzonFailure("truncated", .ozonUnavailable, nil, calls: 3),
        OzonFailure("reset", .ozonUnavailable, nil, calls: 3),
    ]

    /// - Parameter key: the Api-Key that was sent, which the response masks.
    func check(_ response: HTTPResponse, sentAs key: String) {
        expect(response, error, self.key)
        if let detail = detail?.replacingOccurrences(of: key, with: "***") {
            #expect(response.json["detail"].string == detail, "\(self.key)")
        }
        if let retryAfter { #expect(response["Retry-After"] == retryAfter, "\(self.key)") }
    }
}
