import Core
import Encoding
import HTTPClient
import JSON
import Telemetry

/// What Ozon's refusal means. Decided by code and message, not by status: a wrong key is a 404, and a gateway may answer
/// HTML with any status. Body: `{"code": 5, "message": "…", "details": []}` with gRPC's codes.
/// Source: Ozon Seller API, "Errors"; texts as the API sends them.
struct SellerError {
    let fault: Fault
    /// Nil: trying again cannot help.
    let retry: RetryAdvice?

    enum RetryAdvice {
        case soon
        /// A rate limit on the seller's calls: how long Ozon asks to wait, and the rate its message names.
        case later(Duration, perSecond: Int?)
        /// A quota of items, which concerns this call alone.
        case quota(Duration)
    }

    /// How long to wait for a quota of items where Ozon doesn't say: they are counted by the minute and by the day.
    static let quotaWait = Duration.seconds(60)

    init(_ reply: HTTPClient.Response, _ credential: Credential) {
        let json = try? JSON(reply.body, duplicates: .lastWins)
        let code = json?["code"].flatMap(grpcCode)
        let message = json?["message"]?.string ?? ""
        let detail = message.isEmpty ? nil : credential.scrub(message)
        switch (reply.status, code) {
        case _ where isQuota(reply, json, code):
            self.init(.rateLimited, detail, retry: .quota(waitAsked(reply.headers) ?? Self.quotaWait))
        case (500..., _):
            self.init(.ozonUnavailable, detail, retry: .soon)
        case _ where json == nil && !(reply.body.isEmpty && [401, 403, 409, 429].contains(reply.status)):
            self.init(.ozonBadAnswer, "HTTP \(reply.status) without JSON")
        case (401, _), (_, 16), (403, _), (_, 7):
            self.init(.ozonUnauthorized, detail)
        case (404, 5) where starts(message, "Invalid Api-Key"), (400, 3) where starts(message, "Client-Id"):
            self.init(.ozonUnauthorized, detail)
        case (410, _), (400, 9):
            self.init(.ozonMethodRetired, detail)
        case (429, _), (_, 8):
            // Without a wait, the limit is one per second.
            let wait = waitAsked(reply.headers) ?? .seconds(1)
            self.init(.rateLimited, detail, retry: .later(wait, perSecond: rate(message)))
        case (409, _), (_, 6):
            self.init(.productConflict, detail)
        case (404, 5):
            self.init(.productNotFound, detail)
        default:
            self.init(.ozonBadAnswer, detail ?? "HTTP \(reply.status)")
        }
    }

    init(_ error: TransferError) {
        switch error {
        case .timeout: self.init(.ozonTimeout, nil, retry: .soon)
        case .unreachable(let cause), .broken(let cause): self.init(.ozonUnavailable, cause, retry: .soon)
        case .untrusted(let cause): self.init(.ozonUnavailable, cause)
        case .tooLarge: self.init(.ozonBadAnswer, "The answer is too large")
        case .cancelled, .forbiddenAddress: self.init(.internalError, nil)
        }
    }

    private init(_ code: ErrorCode, _ detail: String?, retry: RetryAdvice? = nil) {
        self.retry = retry
        switch retry {
        case .later(let wait, _), .quota(let wait):
            fault = Fault(code, detail: detail, retryAfter: max(wait.milliseconds / 1000, 1))
        case nil, .soon:
            fault = Fault(code, detail: detail)
        }
    }
}

/// gRPC's code, written as a number or by its name.
private func grpcCode(_ json: JSON) -> Int? {
    let names = [
        "INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "ALREADY_EXISTS": 6, "PERMISSION_DENIED": 7, "RESOURCE_EXHAUSTED": 8,
        "FAILED_PRECONDITION": 9, "UNAUTHENTICATED": 16,
    ]
    return json.integer ?? json.string.flatMap { names[$0.uppercased()] ?? positiveInteger($0) }
}

/// Whether a quota of items is used up. Ozon reports it with 400, 403, 422 and 429, by the code or in a text. A limit on
/// the calls per second has the same code, but status 429 and a message about a rate.
private func isQuota(_ reply: HTTPClient.Response, _ json: JSON?, _ code: Int?) -> Bool {
    let texts = json.map(strings) ?? [String(decoding: reply.body.prefix(4096), as: UTF8.self)]
    if mention(texts, "itemlimitexceeded") { return true }
    guard (400..<500).contains(reply.status) else { return false }
    if reply.headers["Item-Retry-After"] != nil, reply.status == 429 || code == 8 { return true }
    if mention(texts, "ratelimit") { return false }
    return mention(texts, "resourceexhausted") || code == 8 && reply.status != 429
}

/// The same of an error inside an import task.
func namesQuota(_ texts: [String]) -> Bool {
    mention(texts, "itemlimitexceeded") || mention(texts, "resourceexhausted")
}

/// Whether a text has the words, in whatever case, with spaces, underscores or nothing between them.
private func mention(_ texts: [String], _ words: String) -> Bool {
    texts.contains { $0.lowercased().filter { $0 != "_" && $0 != " " }.contains(words) }
}

/// `Item-Retry-After` counts minutes, `Retry-After` seconds.
private func waitAsked(_ headers: Headers) -> Duration? {
    if let minutes = headers["Item-Retry-After"].flatMap(positiveInteger), minutes < 100_000 {
        return .seconds(minutes * 60)
    }
    guard let seconds = headers["Retry-After"].flatMap(positiveInteger), seconds < 10_000_000 else { return nil }
    return .seconds(seconds)
}

/// `rate limit exceeded … max rate per sec.: 2`
private func rate(_ message: String) -> Int? {
    guard let mark = message.utf8.lastIndex(of: .colon) else { return nil }
    let tail = message.utf8[message.utf8.index(after: mark)...].drop { $0 == .space }
    return positiveInteger(String(Substring(tail)))
}

private func starts(_ message: String, _ prefix: String) -> Bool {
    message.lowercased().utf8.starts(with: prefix.lowercased().utf8)
}
