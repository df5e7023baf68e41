import Core
import Glibc
import HTTP
import HTTPClient
import R2

/// The bucket, as the server itself writes to it. One attempt a call: the caller knows what may be repeated.
package final class Storage: Sendable {
    private let client: HTTPClient
    private let signer: RequestSigner

    package init(_ client: HTTPClient, _ bucket: Bucket) {
        self.client = client
        signer = RequestSigner(bucket)
    }

    /// Stores an object whole or not at all: R2 keeps nothing of a PUT that breaks off.
    /// - Parameter milliseconds: what it may take.
    package func put(
        _ key: ObjectKey, _ body: HTTPClient.Call.Body, contentType: String, milliseconds: Int
    ) async throws(StorageError) {
        _ = try await send("PUT", key, headers: [("content-type", contentType)], body: body, milliseconds)
    }

    /// Whether the object stands.
    package func contains(_ key: ObjectKey, milliseconds: Int) async throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try await send("HEAD", key, headers: [], body: .none, milliseconds)
            return true
        } catch {
            if case .refused(404, _) = error { return false }
            throw error
        }
    }

    private func send(
        _ method: String, _ key: ObjectKey, headers: [(name: String, value: String)], body: HTTPClient.Call.Body,
        _ milliseconds: Int
    ) async throws(StorageError) -> HTTPClient.Reply {
        let request = signer.request(method, key, headers: headers, at: UTCTime(seconds: time(nil)))
        let reply: HTTPClient.Reply
        do throws(TransferError) {
            reply = try await client.send(
                HTTPClient.Call(
                    method, request.url, headers: request.headers, body: body, timeout: milliseconds,
                    maxReplyBytes: 1 << 20))
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
    /// Its status and, if it told one, its error code: `AccessDenied`.
    case refused(Int, code: String?)
    case cancelled

    init(_ error: TransferError) {
        switch error {
        case .timeout: self = .timeout
        case .cancelled: self = .cancelled
        case .unreachable(let cause), .broken(let cause): self = .unreachable(cause)
        case .tooLarge, .forbiddenAddress: self = .unreachable("\(error)")
        }
    }

    init(_ reply: HTTPClient.Reply) {
        self = .refused(reply.status, code: errorCode(reply.body))
    }

    /// Trying again may help; R2 takes one write a second for a key.
    package var isMomentary: Bool {
        switch self {
        case .timeout, .unreachable: true
        case .refused(let status, _): status == 429 || status >= 500
        case .cancelled: false
        }
    }

    package var fault: Fault {
        switch self {
        case .timeout: Fault(.storageTimeout)
        case .unreachable(let cause): Fault(.storageUnavailable, detail: cause)
        case .refused(let status, let code):
            Fault(status >= 500 ? .storageUnavailable : .storageRefused, detail: code ?? "HTTP \(status)")
        case .cancelled: Fault(.internalError)
        }
    }
}

/// The text of `<Code>` in `<Error><Code>AccessDenied</Code>…`: a word of letters, else nil.
private func errorCode(_ body: [UInt8]) -> String? {
    let mark = Array("<Code>".utf8)
    guard body.count > mark.count else { return nil }
    for start in 0..<body.count - mark.count where body[start...].starts(with: mark) {
        let word = body[(start + mark.count)...].prefix { $0 != UInt8(ascii: "<") }
        let isWord = word.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "z")).contains($0) } && word.count <= 64
        return isWord && !word.isEmpty ? String(decoding: word, as: UTF8.self) : nil
    }
    return nil
}
