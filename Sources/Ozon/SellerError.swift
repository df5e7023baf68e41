import Core
import HTTP
import HTTPClient

/// What Ozon's refusal means. Decided by code and message, not by status: a wrong key is a 404, and a gateway may answer
/// HTML with any status. Body: `{"code": 5, "message": "…", "details": []}` with gRPC's codes.
/// Source: Ozon Seller API, "Errors"; texts as the API sends them.
struct SellerError {
    let fault: Fault
    /// Nil: trying again cannot help.
    let retry: RetryAdvice?

    enum RetryAdvice {
        case soon
        /// A rate limit: what Ozon asked to wait, and the rate its message names.
        case later(Duration, perSecond: Int?)
    }

    init(_ reply: HTTPClient.Reply, _ credential: Credential) {
        let json = try? JSON(reply.body, duplicates: .lastWins)
        let code = json?["code"]?.integer
        let message = json?["message"]?.string ?? ""
        let detail = message.isEmpty ? nil : credential.scrub(message)
        switch (reply.status, code) {
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
            let wait = waitAsked(reply.headers)
            self.init(.rateLimited, detail, retry: .later(wait, perSecond: rate(message)))
        case (409, _), (_, 6):
            self.init(.productConflict, detail)
        case (404, _):
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

    private init(_ kind: Fault.Kind, _ detail: String?, retry: RetryAdvice? = nil) {
        self.retry = retry
        if case .later(let wait, _) = retry {
            fault = Fault(kind, detail: detail, retryAfter: max(wait.milliseconds / 1000, 1))
        } else {
            fault = Fault(kind, detail: detail)
        }
    }
}

/// `Retry-After` counts seconds, `Item-Retry-After` minutes; without either, the limit is one per second.
private func waitAsked(_ headers: Headers) -> Duration {
    if let minutes = headers["Item-Retry-After"].flatMap(positiveInteger), minutes < 100_000 {
        return .seconds(minutes * 60)
    }
    if let seconds = headers["Retry-After"].flatMap(positiveInteger), seconds < 10_000_000 { return .seconds(seconds) }
    return .seconds(1)
}

/// `rate limit exceeded … max rate per sec.: 2`
private func rate(_ message: String) -> Int? {
    guard let mark = message.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let tail = message.utf8[message.utf8.index(after: mark)...].drop { $0 == UInt8(ascii: " ") }
    return positiveInteger(String(Substring(tail)))
}

private func starts(_ message: String, _ prefix: String) -> Bool {
    message.lowercased().utf8.starts(with: prefix.lowercased().utf8)
}
