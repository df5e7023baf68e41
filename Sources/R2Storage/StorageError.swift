import Core
import HTTPClient

/// What R2 answered, or that it didn't. Sources: Cloudflare, "R2 error codes"; AWS, "Error responses".
package enum StorageError: FaultConvertible, Sendable, Equatable {
    case timeout
    case unreachable(String)
    /// Its certificate isn't trusted.
    case untrusted(String)
    /// Its status; if it told them, its error code (`AccessDenied`) and the id Cloudflare traces the request by
    /// (`cf-ray`).
    case refused(Int, code: String?, ray: String? = nil)
    /// An answer that could not be read.
    case unusable
    case cancelled

    /// Codes that say, whatever the status, that trying again may help.
    private static let momentary: Set = [
        "InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "TooManyRequests",
    ]

    /// Codes that say, whatever the status, that trying again won't help.
    private static let lasting: Set = [
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
        case .unreachable(let cause), .broken(let cause): self = .unreachable(cause)
        case .untrusted(let cause): self = .untrusted(cause)
        case .tooLarge: self = .unusable
        case .forbiddenAddress: self = .unreachable("\(error)")
        }
    }

    /// Of a reply that isn't R2's answer to what it was sent: a refusal, if its status or its error code says so.
    init(_ reply: HTTPClient.Response) {
        let code = word((try? XML(reply.body)).flatMap { $0.name == "Error" ? $0["Code"] : nil })
        if code == nil, (200..<300).contains(reply.status) {
            self = .unusable
        } else {
            self = .refused(reply.status, code: code, ray: word(reply.headers["cf-ray"]))
        }
    }

    /// Whether an answer's root element is `Error`; it is looked for without reading all of a long list.
    static func isError(_ body: [UInt8]) -> Bool { XML.rootName(of: body) == "Error" }

    /// Trying again may help: the code says so or, if it says neither, the status. R2 takes one write a second for a
    /// key.
    package var isTransient: Bool {
        switch self {
        case .timeout, .unreachable: true
        case .refused(_, let code?, _) where Self.momentary.contains(code): true
        case .refused(_, let code?, _) where Self.lasting.contains(code): false
        case .refused(let status, _, _): status == 429 || status >= 500
        case .untrusted, .cancelled, .unusable: false
        }
    }

    /// R2 doesn't know the upload: completed, aborted, or older than its lifetime.
    package var isNoSuchUpload: Bool {
        if case .refused(_, "NoSuchUpload", _) = self { true } else { false }
    }

    /// There is no object under the key. The answer to HEAD has no body, and so no code.
    var isNoObject: Bool {
        switch self {
        case .refused(_, "NoSuchKey", _), .refused(404, nil, _): true
        default: false
        }
    }

    package var fault: Fault {
        switch self {
        case .timeout: Fault(.storageTimeout)
        case .unreachable(let cause), .untrusted(let cause): Fault(.storageUnavailable, detail: cause)
        case .refused(let status, let code, let ray):
            Fault(
                isTransient ? .storageUnavailable : .storageRefused, detail: code ?? "HTTP \(status)",
                logDetail: ray.map { "cf-ray \($0)" })
        case .unusable: Fault(.storageUnavailable, detail: "The answer could not be read")
        case .cancelled: Fault(.clientClosedRequest)
        }
    }
}

/// A word that may be told and logged: 1…64 printable characters without spaces.
private func word(_ text: String?) -> String? {
    text.flatMap { (1...64).contains($0.utf8.count) && isHeaderSafe($0) ? $0 : nil }
}
