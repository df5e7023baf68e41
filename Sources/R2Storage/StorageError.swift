import Core
import Encoding
import HTTPClient
import Telemetry

/// An error response of R2, or why there is no response. Sources: Cloudflare, "R2 error codes"; AWS, "Error responses".
package enum StorageError: FaultConvertible, Sendable, Equatable {
    case timeout
    /// R2 sent no complete response, for the given reason. It may have handled the request nevertheless.
    case noResponse(String)
    /// R2's certificate could not be verified.
    case untrusted(String)
    /// The status, the error code (`AccessDenied`), and the id that Cloudflare gave the request (`cf-ray`).
    case refused(Int, code: String?, ray: String? = nil)
    /// The response is not a valid R2 response to the request.
    case unusable
    case cancelled

    /// Codes for which retrying may help, whatever the status.
    private static let transient: Set = [
        "InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "TooManyRequests",
    ]

    /// Codes for which retrying won't help, whatever the status.
    private static let permanent: Set = [
        "AccessDenied", "Unauthorized", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredRequest",
        "RequestTimeTooSkewed", "NoSuchBucket", "InvalidBucketName", "NoSuchKey", "NoSuchUpload", "InvalidPart",
        "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge", "InvalidArgument", "InvalidRequest", "InvalidDigest",
        "MalformedXML", "BadDigest", "KeyTooLongError", "InvalidObjectName", "MetadataTooLarge", "MethodNotAllowed",
        "MissingContentLength", "NotImplemented", "PreconditionFailed", "StorageQuotaExceeded",
    ]

    init(_ error: TransferError) {
        switch error {
        case .timeout: self = .timeout
        case .cancelled: self = .cancelled
        case .unreachable(let cause), .broken(let cause): self = .noResponse(cause)
        case .untrusted(let cause): self = .untrusted(cause)
        case .tooLarge: self = .unusable
        case .forbiddenAddress: self = .noResponse("\(error)")
        }
    }

    /// The error of a response that is not a success.
    init(_ response: HTTPClient.Response) {
        let code = word((try? XML(response.body)).flatMap { $0.name == "Error" ? $0["Code"] : nil })
        if code == nil, (200..<300).contains(response.status) {
            self = .unusable
        } else {
            self = .refused(response.status, code: code, ray: word(response.headers["cf-ray"]))
        }
    }

    /// Whether the root element of a response is `Error`. The rest of the response is not parsed.
    static func isError(_ body: [UInt8]) -> Bool { XML.rootName(of: body) == "Error" }

    /// Whether retrying may help, by the code or else by the status. 429 is transient, because R2 accepts one write per
    /// second for each key.
    package var isTransient: Bool {
        switch self {
        case .timeout, .noResponse: true
        case .refused(_, let code?, _) where Self.transient.contains(code): true
        case .refused(_, let code?, _) where Self.permanent.contains(code): false
        case .refused(let status, _, _): status == 429 || status >= 500
        case .untrusted, .cancelled, .unusable: false
        }
    }

    /// Whether R2 has no such upload: it was completed or aborted, or has expired.
    var isNoSuchUpload: Bool {
        if case .refused(_, "NoSuchUpload", _) = self { true } else { false }
    }

    /// Whether there is no object under the key. A response to HEAD has no body and so no code.
    var isNoObject: Bool {
        switch self {
        case .refused(_, "NoSuchKey", _), .refused(404, nil, _): true
        default: false
        }
    }

    package var fault: Fault {
        switch self {
        case .timeout: Fault(.storageTimeout)
        case .noResponse(let cause), .untrusted(let cause): Fault(.storageUnavailable, detail: cause)
        case .refused(let status, let code, let ray):
            Fault(
                isTransient ? .storageUnavailable : .storageRefused, detail: code ?? "HTTP \(status)",
                cause: ray.map { "cf-ray \($0)" })
        case .unusable: Fault(.storageUnavailable, detail: "The response could not be read")
        case .cancelled: Fault(.clientClosedRequest)
        }
    }
}

/// A string that may be returned and logged: 1…64 printable ASCII characters without spaces. Nil for any other.
private func word(_ text: String?) -> String? {
    text.flatMap { (1...64).contains($0.utf8.count) && isHeaderSafe($0) ? $0 : nil }
}
