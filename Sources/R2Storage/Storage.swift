import Core
import Encoding
import Glibc
import HTTPClient
import R2
import Telemetry
import Upstreams

/// The bucket, as the server itself writes to it. One attempt a call: the caller knows what may be repeated.
package final class Storage: Sendable {
    private let client: UpstreamClient
    private let signer: RequestSigner

    /// The largest answer is a page of 1000 parts.
    private static let maxReplyBytes = 1 << 20

    package init(_ client: HTTPClient, _ bucket: Bucket) {
        self.client = UpstreamClient(.r2, client)
        signer = RequestSigner(bucket)
    }

    /// Stores an object whole or not at all: R2 keeps nothing of a PUT that breaks off. It is stored if the answer has
    /// its ETag; 200 alone may come from something between here and R2.
    /// - Parameter milliseconds: what it may take.
    /// - Parameter number: which of the caller's attempts this is, from 1.
    package func put(
        _ key: ObjectKey, _ body: HTTPClient.Request.Body, contentType: String, milliseconds: Int, attempt number: Int
    ) async throws(StorageError) {
        let reply = try await attempt(
            "PUT", key, headers: ["content-type": contentType], body: body, milliseconds: milliseconds,
            number: number)
        _ = try reply.objectETag
    }

    /// Whether the object stands.
    package func contains(
        _ key: ObjectKey, milliseconds: Int, attempt number: Int
    ) async throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try await attempt("HEAD", key, milliseconds: milliseconds, number: number).objectETag
            return true
        } catch {
            if error.isNoObject { return false }
            throw error
        }
    }

    /// A call that may be repeated: up to two more tries where trying again may help.
    func send(
        _ method: String, _ key: ObjectKey, parameters: [(name: String, value: String)] = [],
        headers: Headers = [:], body: HTTPClient.Request.Body = .none, milliseconds: Int = 10_000
    ) async throws(StorageError) -> HTTPClient.Response {
        var tries = 0
        while true {
            do throws(StorageError) {
                return try await attempt(
                    method, key, parameters: parameters, headers: headers, body: body, milliseconds: milliseconds,
                    number: tries + 1)
            } catch {
                guard error.isTransient, tries < 2 else { throw error }
            }
            tries += 1
            do { try await RequestTrace.pause(for: .milliseconds(Int.random(in: 500...1000)) * tries) } catch {
                throw .cancelled
            }
        }
    }

    private func attempt(
        _ method: String, _ key: ObjectKey, parameters: [(name: String, value: String)] = [],
        headers: Headers = [:], body: HTTPClient.Request.Body = .none, milliseconds: Int,
        number: Int
    ) async throws(StorageError) -> HTTPClient.Response {
        let request = signer.request(
            method, key, parameters: parameters, headers: headers, at: UTCTime(seconds: time(nil)))
        let reply: HTTPClient.Response
        do throws(TransferError) {
            reply = try await client.send(
                HTTPClient.Request(
                    method, request.url, headers: request.headers, body: body, timeout: milliseconds,
                    maxReplyBytes: Self.maxReplyBytes), attempt: number)
        } catch {
            throw StorageError(error)
        }
        // What takes longer than a header can wait is answered with 200, and its body says whether it failed.
        guard [200, 204].contains(reply.status), !StorageError.isError(reply.body) else { throw StorageError(reply) }
        return reply
    }
}

extension HTTPClient.Response {
    /// The ETag, without quotes, of the object that an answer to PUT or HEAD is about. R2 sends it with status 200.
    var objectETag: String {
        get throws(StorageError) {
            guard status == 200, let etag = headers["ETag"].map(unquoted), !etag.isEmpty else { throw .unusable }
            return etag
        }
    }
}
