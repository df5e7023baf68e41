import Core
import HTTPClient
import R2
import R2Storage
import Telemetry
import Uploads
import Upstreams

/// Copies images from Ozon's CDN into the bucket.
package final class ImageRelay: Sendable {
    let cdn: UpstreamClient
    let storage: Storage
    let hosts: ImageHosts
    let maxBytes: Int
    /// The limit of one attempt.
    let timeout: Duration
    /// Transfer slots are shared by all requests, first come, first served. A request starts at most `maxTransfers`
    /// copies at once, so a large request can't starve a small one.
    private let transfers: AsyncSemaphore
    private let keys = KeyedMutex()
    private let retry: Retry

    package var maxTransfers: Int { transfers.count }

    /// - Parameter bucket: nil if its settings can't be used.
    package init?(_ settings: inout Settings, _ bucket: Bucket?) {
        let hosts = ImageHosts(&settings, publicBase: bucket?.publicBase)
        maxBytes = settings.integer(
            "MAX_IMAGE_BYTES", default: 50_000_000, in: 1...(5 << 30), "The largest image that is copied, in bytes.")
        timeout = settings.seconds(
            "IMAGE_TIMEOUT", default: 30, in: 1...3600,
            "How many seconds one attempt to copy an image may take; 10 seconds without a byte end it sooner.")
        let maxTransfers = settings.integer(
            "MAX_TRANSFERS", default: 32, in: 1...1024, "The maximum number of concurrent copies per process.")
        transfers = AsyncSemaphore(count: maxTransfers)
        // R2 accepts one write per second for each key, so the first pause is at least a second.
        retry = Retry(perAttempt: timeout, retries: 2, firstPause: Duration.seconds(1)...Duration.seconds(1.5))
        let authorities = settings.certificateAuthorities()
        guard let hosts, let bucket else { return nil }
        self.hosts = hosts
        let client = HTTPClient(
            HTTPClient.Options(maxConnections: 2 * maxTransfers, speaksHTTP2: false, authorities: authorities))
        cdn = UpstreamClient(.cdn, client)
        storage = Storage(client, bucket)
    }

    /// Copies an image, in up to three attempts that each include the download. Copies to the same key are serialized.
    ///
    /// The key is locked before a transfer is acquired, and the transfer is held during attempts only, so that neither
    /// another copy to the same key nor a pause between attempts keeps other images waiting.
    /// - Parameter skipsExisting: leaves an object that already exists as it is.
    /// - Throws: CopyFailure, or CancellationError.
    package func copy(_ url: String, to key: ObjectKey, skipsExisting: Bool = false) async throws {
        let bytes = try await keys.withLock(on: key.text) { () async throws -> Int? in
            if skipsExisting, try await isStored(key) { return nil }
            return try await retrying { attempt async throws(CopyFailure) in
                try await CopyAttempt(self, key, number: attempt).run(url)
            }
        }
        if let bytes { RequestTrace.countImage(bytes: bytes) }
    }

    private func isStored(_ key: ObjectKey) async throws -> Bool {
        try await retrying { attempt async throws(CopyFailure) in
            do throws(StorageError) {
                return try await storage.objectExists(key, timeout: timeout, attempt: attempt)
            } catch {
                throw CopyFailure(error)
            }
        }
    }

    private func retrying<Value: Sendable>(_ work: (Int) async throws(CopyFailure) -> Value) async throws -> Value {
        try await retry(pause: RequestTrace.pause) { attempt -> Retry.Attempt<Value, any Error> in
            do {
                return .success(try await transfers.withPermit { try await work(attempt) })
            } catch let failure as CopyFailure {
                if Task.isCancelled { return .failure(CancellationError()) }
                guard failure.isTransient, failure.retryAfter ?? .zero <= timeout else { return .failure(failure) }
                return .retry(failure, after: failure.retryAfter.map { max($0, .seconds(1)) })
            } catch {
                return .failure(error)
            }
        }
    }
}
