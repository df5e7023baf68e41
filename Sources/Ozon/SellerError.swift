import Core
import Encoding
import Glibc
import HTTPClient
import JSON
import System
import Telemetry

/// A response of Ozon's that is an error or unusable, or a failed transfer. The code and the message of
/// `{"code": 5, "message": "…", "details": []}` (gRPC codes) determine the error rather than the HTTP status, because
/// Ozon returns 404 for an invalid key, and a gateway may return HTML with any status. Source: Ozon Seller API,
/// "Errors". The messages were taken from its responses.
struct SellerError: Error {
    let fault: Fault
    /// Nil if retrying can't help.
    let retry: RetryAdvice?
    /// Whether Ozon may have carried out the request all the same.
    private(set) var isUncertain = false

    enum RetryAdvice {
        /// The wait is nil if Ozon names none.
        case backoff(Duration?)
        /// A rate limit on all of the seller's calls. The rate is in calls per second, if Ozon's message names it.
        case after(Duration, rate: Int?)
        /// A quota of items, which limits only this call, is used up.
        case afterQuota(Duration)
    }

    /// The wait for a quota of items if Ozon names none. Ozon counts items by the minute and by the day.
    static let quotaWait = Duration.seconds(60)

    init(_ response: HTTPClient.Response, _ credential: Credential) {
        let json = try? JSON(response.body, duplicates: .lastWins)
        let code = json?["code"].flatMap(grpcCode)
        let message = json?["message"]?.string ?? ""
        let detail = message.isEmpty ? nil : credential.scrub(message)
        switch (response.status, code) {
        case (200, _):
            self.init(.ozonBadAnswer, "The response is not a JSON object")
        case _ where isQuotaError(response, json, code: code):
            self.init(.rateLimited, detail, retry: .afterQuota(requestedWait(response.headers) ?? Self.quotaWait))
        case (500..., _):
            self.init(.ozonUnavailable, detail, retry: .backoff(requestedWait(response.headers)))
        case _ where json == nil && !(response.body.isEmpty && [401, 403, 409, 410, 429].contains(response.status)):
            self.init(.ozonBadAnswer, "HTTP \(response.status) without JSON")
        case (401, _), (_, 16), (403, _), (_, 7):
            self.init(.ozonUnauthorized, detail)
        case (404, 5) where message.startsIgnoringCase(with: "Invalid Api-Key"),
            (400, 3) where message.startsIgnoringCase(with: "Client-Id"):
            self.init(.ozonUnauthorized, detail)
        case (410, _), (400, 9), (404, 9):
            self.init(.ozonMethodRetired, detail)
        case (429, _), (_, 8):
            // A response without a wait means the limit of calls per second.
            let wait = requestedWait(response.headers) ?? .seconds(1)
            self.init(.rateLimited, detail, retry: .after(wait, rate: rate(in: message)))
        case (409, _), (_, 6):
            self.init(.productConflict, detail)
        case (404, 5):
            self.init(.productNotFound, detail)
        default:
            self.init(.ozonBadAnswer, detail ?? "HTTP \(response.status)")
        }
        // 4 is DEADLINE_EXCEEDED. A 5xx without a code comes from a gateway.
        isUncertain = response.status < 400 || response.status >= 500 && (code == nil || code == 4)
    }

    init(_ error: TransferError) {
        switch error {
        case .timeout: self.init(.ozonTimeout, nil, retry: .backoff(nil))
        case .unreachable(let cause), .broken(let cause): self.init(.ozonUnavailable, cause, retry: .backoff(nil))
        case .untrusted(let cause): self.init(.ozonUnavailable, cause)
        case .tooLarge: self.init(.ozonBadAnswer, "The response is too large")
        case .cancelled, .forbiddenAddress: self.init(.internalError, nil)
        }
        switch error {
        case .timeout, .broken, .tooLarge: isUncertain = true
        case .unreachable, .untrusted, .cancelled, .forbiddenAddress: break
        }
    }

    private init(_ code: ErrorCode, _ detail: String?, retry: RetryAdvice? = nil) {
        self.retry = retry
        switch retry {
        case .after(let wait, _), .afterQuota(let wait):
            fault = Fault(code, detail: detail, retryAfter: max(wait.milliseconds / 1000, 1))
        case nil, .backoff:
            fault = Fault(code, detail: detail)
        }
    }
}

/// gRPC's code, which Ozon writes as a number or by name.
private func grpcCode(_ json: JSON) -> Int? {
    let names = [
        "INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "ALREADY_EXISTS": 6, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8,
        "FAILED_PRECONDITION": 9, "UNAUTHENTICATED": 16,
    ]
    return json.integer ?? json.string.flatMap { names[$0.uppercased()] ?? positiveInteger($0) }
}

/// Whether a quota of items is used up. Ozon reports it with status 400, 403, 422 or 429, in the code or in a message.
/// A limit of calls per second has the same code, but status 429 and a message about a rate.
private func isQuotaError(_ response: HTTPClient.Response, _ json: JSON?, code: Int?) -> Bool {
    let texts = json?.allStrings ?? [String(decoding: response.body.prefix(4096), as: UTF8.self)]
    if mentions(texts, "itemlimitexceeded") { return true }
    guard (400..<500).contains(response.status) else { return false }
    if response.headers["Item-Retry-After"] != nil, response.status == 429 || code == 8 { return true }
    if mentions(texts, "ratelimit") { return false }
    return mentions(texts, "resourceexhausted") || code == 8 && response.status != 429
}

/// The same for the strings of an import task's error.
func mentionsQuota(_ text: String) -> Bool {
    mentions([text], "itemlimitexceeded") || mentions([text], "resourceexhausted")
}

/// Whether a string contains the words, in any case, with spaces, underscores or nothing between them.
private func mentions(_ texts: [String], _ words: String) -> Bool {
    texts.contains { $0.lowercased().filter { $0 != "_" && $0 != " " }.contains(words) }
}

/// `Item-Retry-After` is in minutes; `Retry-After` is in seconds, or a date.
private func requestedWait(_ headers: Headers) -> Duration? {
    if let minutes = headers["Item-Retry-After"].flatMap(positiveInteger) {
        return .seconds(min(minutes, 100_000) * 60)
    }
    return headers["Retry-After"].flatMap { delay(retryAfter: $0, now: time(nil)) }
}

/// The calls per second in `rate limit exceeded … max rate per sec.: 2`.
private func rate(in message: String) -> Int? {
    guard let colon = message.utf8.lastIndex(of: .colon) else { return nil }
    let tail = message.utf8[message.utf8.index(after: colon)...].drop { $0 == .space }
    return positiveInteger(String(Substring(tail)))
}

extension String {
    fileprivate func startsIgnoringCase(with prefix: String) -> Bool {
        lowercased().utf8.starts(with: prefix.lowercased().utf8)
    }
}
