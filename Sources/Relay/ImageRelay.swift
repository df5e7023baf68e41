import Core
import Encoding
import HTTPClient
import R2
import R2Storage
import Telemetry
import Uploads
import Upstreams

/// Copies one image from Ozon's CDN into the bucket without holding it: what the download brings is sent on at once,
/// each side pausing the other, and a download that breaks off aborts the upload, so that R2 stores nothing.
package final class ImageRelay: Sendable {
    private let cdn: UpstreamClient
    private let storage: Storage
    private let hosts: ImageHosts
    private let maxBytes: Int
    /// Of one attempt.
    private let timeout: Duration
    private let turns = KeyedMutex()
    package let slots: AsyncSemaphore

    private static let maxRedirects = 3
    private static let retries = 2

    /// - Parameter bucket: nil if its settings can't be used.
    package init?(_ settings: inout Settings, _ bucket: Bucket?) {
        let hosts = ImageHosts(&settings, publicBase: bucket?.publicBase)
        maxBytes = settings.integer(
            "MAX_IMAGE_BYTES", default: 50_000_000, in: 1...(5 << 30), "The largest image that is copied, in bytes.")
        timeout = settings.seconds(
            "IMAGE_TIMEOUT", default: 30, in: 1...3600,
            "How many seconds one attempt to copy an image may take; 10 seconds without a byte end it sooner.")
        let maxTransfers = settings.integer(
            "MAX_TRANSFERS", default: 32, in: 1...1024, "The most images that one process copies at once.")
        slots = AsyncSemaphore(count: maxTransfers)
        let authorities = settings.certificateAuthorities()
        guard let hosts, let bucket else { return nil }
        self.hosts = hosts
        let client = HTTPClient(
            HTTPClient.Options(maxConnections: 2 * maxTransfers, speaksHTTP2: false, authorities: authorities))
        cdn = UpstreamClient(.cdn, client)
        storage = Storage(client, bucket)
    }

    /// Copies an image; with `skipsExisting` an object that exists is left as it is. A failure that may pass is retried
    /// up to twice, the download included. The key's turn is taken before a transfer slot, and a slot is held during an
    /// attempt only, so that neither waiting for another copy to the same key nor a pause keeps a slot from other
    /// images.
    package func copy(_ url: String, to key: ObjectKey, skipsExisting: Bool = false) async throws {
        let bytes = try await turns(key.text) { () async throws -> Int? in
            if skipsExisting, try await isStored(key) { return nil }
            return try await repeated { number async throws(Failure) in try await copyOnce(url, key, number) }
        }
        if let bytes { RequestTrace.countImage(bytes: bytes) }
    }

    private func isStored(_ key: ObjectKey) async throws -> Bool {
        try await repeated { number async throws(Failure) in
            do throws(StorageError) {
                return try await storage.objectExists(key, timeout: timeout, attempt: number)
            } catch {
                throw Failure(error)
            }
        }
    }

    private func repeated<Value: Sendable>(_ attempt: (Int) async throws(Failure) -> Value) async throws -> Value {
        var tries = 0
        while true {
            let wait: Duration
            do {
                return try await slots { try await attempt(tries + 1) }
            } catch let failure as Failure {
                try Task.checkCancellation()
                guard failure.isTransient, tries < Self.retries else { throw failure }
                let retryAfter = failure.retryAfter ?? .zero
                if retryAfter > timeout { throw failure }
                // R2 takes one write a second for a key.
                wait = max(retryAfter, .milliseconds(Int.random(in: 1000...1500)) * (tries + 1))
            }
            tries += 1
            try await RequestTrace.pause(for: wait)
        }
    }

    /// - Returns: the image's bytes.
    private func copyOnce(_ url: String, _ key: ObjectKey, _ number: Int) async throws(Failure) -> Int {
        let deadline = ContinuousClock.now + timeout
        let pipe = Pipe(maxBytes: maxBytes)
        defer { pipe.close() }
        let download = try await fetch(url, into: pipe, deadline, number)
        defer { download.end() }
        let reply = download.reply
        let length = reply.headers["Content-Length"].flatMap(positiveInteger)
        if let length, length > maxBytes { throw Failure("Too large") }
        let head: [UInt8]
        do throws(TransferError) { head = try await pipe.peek(ImageFormat.headBytes) } catch { throw Failure(error) }
        guard let type = ImageFormat(head: head)?.mediaType else { throw Failure("Not an image") }
        // Beside chunks a length means nothing (RFC 9112, 6.3).
        if let length, reply.headers["Content-Encoding"] == nil, reply.headers["Transfer-Encoding"] == nil {
            try await put(key, .pipe(pipe, count: length), type, deadline, pipe, number)
            return length
        } else {
            return try await spool(pipe, key, type, deadline, number)
        }
    }

    private func fetch(
        _ url: String, into pipe: Pipe, _ deadline: ContinuousClock.Instant, _ number: Int
    ) async throws(Failure) -> MeasuredDownload {
        var url = url
        for _ in 0...Self.maxRedirects {
            let trust: ImageHosts.Trust
            do throws(ImageHosts.Refusal) { trust = try hosts.trust(in: url) } catch { throw Failure(error.reason) }
            let call = HTTPClient.Request(
                "GET", url, headers: ["Accept": "image/*"], timeout: remaining(deadline), maxResponseBytes: 64 << 10,
                onlyPublicAddresses: trust == .publicAddresses)
            let download: MeasuredDownload
            do throws(TransferError) { download = try await cdn.download(call, into: pipe, attempt: number) } catch {
                throw Failure(error)
            }
            let reply = download.reply
            if reply.status == 200 { return download }
            download.end()
            guard [301, 302, 303, 307, 308].contains(reply.status) else { throw Failure(reply, of: url) }
            guard let next = reply.headers["Location"].flatMap({ redirected(from: url, to: $0) }) else {
                throw Failure("HTTP \(reply.status) without a valid Location")
            }
            url = next
        }
        throw Failure("Too many redirects")
    }

    private func spool(
        _ pipe: Pipe, _ key: ObjectKey, _ type: String, _ deadline: ContinuousClock.Instant, _ number: Int
    ) async throws(Failure) -> Int {
        var spool = Spool()
        while true {
            let bytes: [UInt8]
            do throws(TransferError) { bytes = try await pipe.next() } catch { throw Failure(error) }
            if bytes.isEmpty { break }
            do throws(Spool.Failure) { try spool.append(bytes) } catch {
                throw Failure("Spooling failed: \(error.reason)")
            }
        }
        try await put(key, spool.body, type, deadline, pipe, number)
        // The file's descriptor is the spool's: it must live until here.
        return spool.count
    }

    private func put(
        _ key: ObjectKey, _ body: HTTPClient.Request.Body, _ type: String, _ deadline: ContinuousClock.Instant,
        _ pipe: Pipe, _ number: Int
    ) async throws(Failure) {
        do throws(StorageError) {
            try await storage.put(key, body, contentType: type, timeout: remaining(deadline), attempt: number)
        } catch {
            // An upload that was broken off because the download was is the download's fault.
            throw pipe.failure.map(Failure.init) ?? Failure(error)
        }
    }

    private func remaining(_ deadline: ContinuousClock.Instant) -> Duration {
        ContinuousClock.now.duration(to: deadline)
    }
}
