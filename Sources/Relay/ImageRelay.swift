import Core
import HTTPClient
import R2
import R2Storage
import System
import Telemetry
import Uploads
import Upstreams

/// Copies images from Ozon's CDN into the bucket.
package final class ImageRelay: Sendable {
    private let dependencies: CopyDependencies
    /// One permit for each of the MAX_TRANSFERS slots, shared by all requests, and granted in the order in which
    /// attempts request them.
    private let slots: AsyncSemaphore
    private let keyLocks = KeyedMutex<String>()
    /// R2 takes one write per second for a key, so the first pause is at least a second.
    private let policy = RetryPolicy(retries: 2, firstPause: Duration.seconds(1)...Duration.seconds(1.5))

    package var maxCopies: Int { slots.count }

    /// - Parameter bucket: nil if its settings can't be used.
    package init?(_ settings: inout Settings, _ bucket: Bucket?) {
        let hosts = ImageHosts(&settings, publicBase: bucket?.publicBase)
        let maxBytes = settings.integer(
            "MAX_IMAGE_BYTES", default: 50_000_000, in: 1...(5 << 30), "The largest image that is copied, in bytes.")
        let timeout = settings.seconds(
            "IMAGE_TIMEOUT", default: 30, in: 1...3600,
            "How many seconds one attempt at a copy may take; 10 seconds without a byte from the CDN end it sooner.")
        let maxCopies = settings.integer(
            "MAX_TRANSFERS", default: 32, in: 1...1024, "The maximum number of images that one process copies at once.")
        let authoritiesFile = settings.certificateAuthoritiesFile()
        guard let hosts, let bucket else { return nil }
        let client = HTTPClient(
            HTTPClient.Options(maxTransfers: 2 * maxCopies, allowsHTTP2: false, authoritiesFile: authoritiesFile))
        slots = AsyncSemaphore(count: maxCopies)
        dependencies = CopyDependencies(
            cdn: UpstreamClient(.cdn, client), storage: Storage(client, bucket), hosts: hosts, maxBytes: maxBytes,
            timeout: timeout)
    }

    /// Copies an image, in up to three attempts that each include the download. Copies to the same key are serialized.
    ///
    /// The key is locked before a slot is acquired, and the slot is held during attempts only, so that neither
    /// another copy to the same key nor a pause between attempts keeps other images waiting.
    /// - Parameter skipsExisting: leaves an object that already exists as it is.
    /// - Returns: the image's size in bytes, or nil if the object already existed.
    /// - Throws: CopyFailure, or CancellationError.
    package func copy(_ url: String, to key: ObjectKey, skipsExisting: Bool = false) async throws -> Int? {
        try await keyLocks.withLock(on: key.text) { () async throws -> Int? in
            if skipsExisting, try await isStored(key) { return nil }
            return try await retrying { attempt async throws(CopyFailure) in
                try await CopyAttempt(dependencies, key, number: attempt).run(url)
            }
        }
    }

    private func isStored(_ key: ObjectKey) async throws -> Bool {
        try await retrying { attempt async throws(CopyFailure) in
            do throws(StorageError) {
                return try await dependencies.storage.objectExistsOnce(
                    key, timeout: dependencies.timeout, attempt: attempt)
            } catch {
                throw CopyFailure(error)
            }
        }
    }

    private func retrying<Value: Sendable>(_ work: (Int) async throws(CopyFailure) -> Value) async throws -> Value {
        try await policy(pause: RequestTrace.pause) { attempt -> RetryPolicy.Attempt<Value, any Error> in
            do {
                try await RequestTrace.waitingForSlot { try await slots.acquire() }
                defer { slots.release() }
                return .success(try await work(attempt))
            } catch let failure as CopyFailure {
                if Task.isCancelled { return .failure(CancellationError()) }
                guard failure.isTransient, failure.retryAfter ?? .zero <= dependencies.timeout else {
                    return .failure(failure)
                }
                return .retry(failure, after: failure.retryAfter.map { max($0, .seconds(1)) })
            } catch {
                return .failure(error)
            }
        }
    }
}
