import Encoding
import Glibc
import HTTPClient
import R2
import Telemetry
import Upstreams

/// The bucket, accessed by this server through R2's S3 API.
package struct Storage: Sendable {
    private let client: UpstreamClient
    private let signer: RequestSigner
    /// When the last call must have ended. Nil if only each call is limited.
    private var deadline: ContinuousClock.Instant?

    /// R2's largest response is a page of 1000 parts.
    private static let maxResponseBytes = 1 << 20

    package init(_ client: HTTPClient, _ bucket: Bucket) {
        self.client = UpstreamClient(.r2, client)
        signer = RequestSigner(bucket)
    }

    /// The same bucket, for calls that together take no longer than this.
    package func limited(to limit: Duration) -> Storage {
        var storage = self
        storage.deadline = .now + limit
        return storage
    }

    /// Stores an object, in one attempt. R2 stores nothing if the request is interrupted. Only a response with an ETag
    /// proves that the object is stored, because an intermediary may also return 200.
    /// - Parameter attempt: the number of this attempt, from 1.
    package func putOnce(
        _ key: ObjectKey, _ body: HTTPClient.Request.Body, contentType: String, timeout: Duration, attempt: Int
    ) async throws(StorageError) {
        let response = try await sendOnce(
            "PUT", key, headers: ["content-type": contentType], body: body, timeout: timeout, attempt: attempt)
        _ = try response.objectETag
    }

    /// Whether there is an object under the key, in one attempt.
    /// - Parameter attempt: the number of this attempt, from 1.
    package func objectExistsOnce(_ key: ObjectKey, timeout: Duration, attempt: Int) async throws(StorageError) -> Bool
    {
        do throws(StorageError) {
            _ = try await sendOnce("HEAD", key, timeout: timeout, attempt: attempt).objectETag
            return true
        } catch {
            if error.isNoObject { return false }
            throw error
        }
    }

    /// The object's size and ETag, or nil if it doesn't exist.
    package func headObject(_ key: ObjectKey) async throws(StorageError) -> StoredObject? {
        do throws(StorageError) {
            let response = try await send("HEAD", key)
            guard let size = response.headers["Content-Length"].flatMap(byteCount) else { throw StorageError.unusable }
            return StoredObject(size: size, etag: try response.objectETag)
        } catch {
            if error.isNoObject { return nil }
            throw error
        }
    }

    /// Sends a request in up to three attempts, as long as retrying may help. The request must be safe to repeat. A
    /// repeated CreateMultipartUpload leaves an upload that nobody uses, which R2 deletes after seven days.
    /// - Parameter timeout: for each attempt.
    func send(
        _ method: String, _ key: ObjectKey, parameters: QueryParameters = [], headers: Headers = [:],
        body: HTTPClient.Request.Body = .none, timeout: Duration = .seconds(10)
    ) async throws(StorageError) -> HTTPClient.Response {
        // R2 accepts one write per second for each key. The second pause is twice as long as the first, so at least
        // 1.5 s pass before the last attempt.
        let policy = RetryPolicy(retries: 2, firstPause: Duration.seconds(0.5)...Duration.seconds(1))
        do {
            return try await policy(until: deadline, pause: RequestTrace.pause) {
                attempt -> RetryPolicy.Attempt<HTTPClient.Response, StorageError> in
                let remaining = deadline.map { ContinuousClock.now.duration(to: $0) } ?? timeout
                if remaining <= .zero { return .failure(.timeout) }
                do throws(StorageError) {
                    return .success(
                        try await sendOnce(
                            method, key, parameters: parameters, headers: headers, body: body,
                            timeout: min(timeout, remaining), attempt: attempt))
                } catch {
                    return error.isTransient ? .retry(error, after: nil) : .failure(error)
                }
            }
        } catch {
            throw error as? StorageError ?? .cancelled
        }
    }

    private func sendOnce(
        _ method: String, _ key: ObjectKey, parameters: QueryParameters = [], headers: Headers = [:],
        body: HTTPClient.Request.Body = .none, timeout: Duration, attempt: Int
    ) async throws(StorageError) -> HTTPClient.Response {
        let signed = signer.request(
            method, key, parameters: parameters, headers: headers, at: UTCTime(seconds: time(nil)))
        let request = HTTPClient.Request(
            method, signed.url, headers: signed.headers, body: body, timeout: timeout,
            maxResponseBytes: Self.maxResponseBytes)
        let response: HTTPClient.Response
        do throws(TransferError) {
            response = try await client.send(request, attempt: attempt)
        } catch {
            throw StorageError(error)
        }
        // R2 may return 200 before a slow operation ends. A failure is then in the body only.
        guard [200, 204].contains(response.status), !StorageError.isError(response.body) else {
            throw StorageError(response)
        }
        return response
    }
}

extension HTTPClient.Response {
    /// The object's ETag, without quotes, in the response to PUT or HEAD, whose status must be 200.
    var objectETag: String {
        get throws(StorageError) {
            guard status == 200, let etag = headers["ETag"].map(unquoted), !etag.isEmpty else { throw .unusable }
            return etag
        }
    }
}
