import Core
import Glibc
import Encoding
import HTTPClient
import R2Storage

extension ImageRelay {
    /// Why an image was not copied, for people.
    package struct Failure: Error, Sendable {
        package let reason: String
        /// What R2 said: its error code, or why there was no answer.
        package let detail: String?
        /// Trying again may help.
        let isTransient: Bool
        /// When, if the CDN says so.
        let retryAfter: Duration?

        package init(_ reason: String, detail: String? = nil, isTransient: Bool = false, retryAfter: Duration? = nil) {
            self.reason = reason
            self.detail = detail
            self.isTransient = isTransient
            self.retryAfter = retryAfter
        }
    }
}

extension ImageRelay.Failure {
    init(_ error: TransferError) {
        switch error {
        case .timeout: self.init("Timeout", isTransient: true)
        case .unreachable: self.init("Host unreachable", isTransient: true)
        case .untrusted: self.init("Certificate not trusted")
        case .broken: self.init("Connection broken", isTransient: true)
        case .tooLarge: self.init("Too large")
        case .forbiddenAddress: self.init("Host not allowed: its address isn't public")
        case .cancelled: self.init("Cancelled")
        }
    }

    init(_ error: StorageError) {
        let fault = error.fault
        self.init(fault.code.message, detail: fault.detail, isTransient: error.isTransient)
    }

    /// Another status of the CDN's than 200 and a redirect's.
    init(_ reply: HTTPClient.Response, of url: String) {
        if reply.status == 403, URLReference(url).path.utf8.starts(with: "/s3/multimedia-tmp".utf8) {
            // Ozon keeps these addresses valid for a limited time only, so another attempt would fail too.
            self.init("Expired on Ozon's CDN")
        } else {
            self.init(
                "HTTP \(reply.status)", isTransient: reply.status >= 500 || reply.status == 429,
                retryAfter: reply.headers["Retry-After"].flatMap { delay(retryAfter: $0, now: time(nil)) })
        }
    }
}

/// How long a `Retry-After` asks to wait: seconds, or the time until a date. nil: neither. Source: RFC 9110, 10.2.3.
func delay(retryAfter text: String, now: Int) -> Duration? {
    if let seconds = positiveInteger(text) { return .seconds(seconds) }
    return UTCTime(httpDate: text).map { .seconds(max($0.seconds - now, 0)) }
}
