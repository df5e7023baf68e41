import Core
import Encoding
import Glibc
import HTTPClient
import R2Storage
import Telemetry

/// Why an image was not copied.
package struct CopyFailure: Error, Sendable {
    /// A message for the response.
    package let reason: String
    /// R2's error code, or why R2 did not respond.
    package let detail: String?
    let isTransient: Bool
    /// The time that the CDN requests before the next attempt.
    let retryAfter: Duration?

    package init(_ reason: String, detail: String? = nil, isTransient: Bool = false, retryAfter: Duration? = nil) {
        self.reason = reason
        self.detail = detail
        self.isTransient = isTransient
        self.retryAfter = retryAfter
    }
}

extension CopyFailure {
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

    /// A `Retry-After` of R2's is ignored: the limit that R2 documents is one write per second for each key, and the
    /// pauses between attempts are longer.
    init(_ error: StorageError) {
        let fault = error.fault
        self.init(fault.code.message, detail: fault.detail, isTransient: error.isTransient)
    }

    /// - Parameter response: the CDN's response; its status is neither 200 nor a redirect.
    init(_ response: HTTPClient.Response, from url: String) {
        if response.status == 403, URLReference(url).path.utf8.starts(with: "/s3/multimedia-tmp".utf8) {
            // Ozon keeps these addresses valid for a limited time only, so another attempt would fail too.
            self.init("Expired on Ozon's CDN")
        } else {
            self.init(
                "HTTP \(response.status)", isTransient: response.status >= 500 || response.status == 429,
                retryAfter: response.headers["Retry-After"].flatMap { delay(retryAfter: $0, now: time(nil)) })
        }
    }
}
