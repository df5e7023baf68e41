import Core
import Glibc
import HTTP
import HTTPClient
import R2
import Upstreams

/// The bucket, as the server itself writes to it. One attempt a call: the caller knows what may be repeated.
package final class Storage: Sendable {
    private let client: UpstreamClient
    private let signer: RequestSigner

    package init(_ client: HTTPClient, _ bucket: Bucket) {
        self.client = UpstreamClient(.r2, client)
        signer = RequestSigner(bucket)
    }

    /// Stores an object whole or not at all: R2 keeps nothing of a PUT that breaks off.
    /// - Parameter milliseconds: what it may take.
    /// - Parameter number: which of the caller's attempts this is, from 1.
    package func put(
        _ key: ObjectKey, _ body: HTTPClient.Call.Body, contentType: String, milliseconds: Int, attempt number: Int
    ) async throws(StorageError) {
        _ = try await attempt(
            "PUT", key, headers: [("content-type", contentType)], body: body, milliseconds: milliseconds,
            number: number)
    }

    /// Whether the object stands.
    package func contains(
        _ key: ObjectKey, milliseconds: Int, attempt number: Int
    ) async throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try await attempt("HEAD", key, milliseconds: milliseconds, number: number)
            return true
        } catch {
            if case .refused(404, _, _) = error { return false }
            throw error
        }
    }

    /// A call that may be repeated: up to two more tries where trying again may help.
    func send(
        _ method: String, _ key: ObjectKey, parameters: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: HTTPClient.Call.Body = .none, milliseconds: Int = 10_000
    ) async throws(StorageError) -> HTTPClient.Reply {
        var tries = 0
        while true {
            do throws(StorageError) {
                return try await attempt(
                    method, key, parameters: parameters, headers: headers, body: body, milliseconds: milliseconds,
                    number: tries + 1)
            } catch {
                guard error.isMomentary, tries < 2 else { throw error }
            }
            tries += 1
            do { try await Trace.pause(for: .milliseconds(Int.random(in: 500...1000)) * tries) } catch {
                throw .cancelled
            }
        }
    }

    private func attempt(
        _ method: String, _ key: ObjectKey, parameters: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: HTTPClient.Call.Body = .none, milliseconds: Int,
        number: Int
    ) async throws(StorageError) -> HTTPClient.Reply {
        let request = signer.request(
            method, key, parameters: parameters, headers: headers, at: UTCTime(seconds: time(nil)))
        let reply: HTTPClient.Reply
        do throws(TransferError) {
            reply = try await client.send(
                HTTPClient.Call(
                    method, request.url, headers: request.headers, body: body, timeout: milliseconds,
                    maxReplyBytes: 4 << 20), attempt: number)
        } catch {
            throw StorageError(error)
        }
        guard (200..<300).contains(reply.status) else { throw StorageError(reply) }
        return reply
    }
}

/// What R2 answered, or that it didn't. Source: Cloudflare, "R2 error codes".
package enum StorageError: Error, Sendable, Equatable {
    case timeout
    case unreachable(String)
    /// Its certificate is none to be trusted.
    case untrusted(String)
    /// Its status; if it told them, its error code (`AccessDenied`) and the id Cloudflare traces the request by (`cf-ray`).
    case refused(Int, code: String?, ray: String? = nil)
    /// An answer that could not be read.
    case unusable
    case cancelled

    init(_ error: TransferError) {
        switch error {
        case .timeout: self = .timeout
        case .cancelled: self = .cancelled
        case .unreachable(let cause), .broken(let cause): self = .unreachable(cause)
        case .untrusted(let cause): self = .untrusted(cause)
        case .tooLarge, .forbiddenAddress: self = .unreachable("\(error)")
        }
    }

    init(_ reply: HTTPClient.Reply) {
        let code = (try? XML(reply.body)).flatMap { $0.name == "Error" ? $0["Code"] : nil }
        self = .refused(reply.status, code: word(code), ray: word(reply.headers["cf-ray"]))
    }

    /// Trying again may help; R2 takes one write a second for a key.
    package var isMomentary: Bool {
        switch self {
        case .timeout, .unreachable: true
        case .refused(let status, _, _): status == 429 || status >= 500
        case .untrusted, .cancelled, .unusable: false
        }
    }

    /// R2 doesn't know the upload: completed, aborted, or older than its lifetime.
    package var isNoSuchUpload: Bool {
        if case .refused(_, "NoSuchUpload", _) = self { true } else { false }
    }

    package var fault: Fault {
        switch self {
        case .timeout: Fault(.storageTimeout)
        case .unreachable(let cause), .untrusted(let cause): Fault(.storageUnavailable, detail: cause)
        case .refused(let status, let code, let ray):
            Fault(
                isMomentary ? .storageUnavailable : .storageRefused, detail: code ?? "HTTP \(status)",
                cause: ray.map { "cf-ray \($0)" })
        case .unusable: Fault(.storageUnavailable, detail: "The answer could not be read")
        case .cancelled: Fault(.internalError)
        }
    }
}

/// A word that may be told and logged: 1…64 printable characters without spaces.
private func word(_ text: String?) -> String? {
    text.flatMap { (1...64).contains($0.utf8.count) && isHeaderSafe($0) ? $0 : nil }
}
