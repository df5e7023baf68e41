import Core
import Encoding
import HTTPClient
import R2
import R2Storage
import System
import Uploads
import Upstreams

/// The dependencies that all copies share.
struct CopyDependencies: Sendable {
    let cdn: UpstreamClient
    let storage: Storage
    let hosts: ImageHosts
    let maxBytes: Int
    /// The limit of one attempt.
    let timeout: Duration
}

/// One attempt to copy an image. The upload sends what the download receives, and each pauses the other, so that memory
/// use does not depend on the image's size. A download that fails aborts the upload, and R2 then stores nothing.
struct CopyAttempt {
    private static let maxRedirects = 3

    private let dependencies: CopyDependencies
    private let key: ObjectKey
    private let number: Int
    private let deadline: ContinuousClock.Instant
    private let pipe: Pipe

    /// - Parameter number: from 1.
    init(_ dependencies: CopyDependencies, _ key: ObjectKey, number: Int) {
        self.dependencies = dependencies
        self.key = key
        self.number = number
        deadline = .now + dependencies.timeout
        pipe = Pipe(maxBytes: dependencies.maxBytes)
    }

    private var remaining: Duration {
        max(ContinuousClock.now.duration(to: deadline), .milliseconds(1))
    }

    /// - Returns: the image's size in bytes.
    func run(_ url: String) async throws(CopyFailure) -> Int {
        defer { pipe.close() }
        let download = try await download(url)
        defer { download.end() }
        let length = try declaredLength(download.response.headers)
        if let length, length > dependencies.maxBytes { throw CopyFailure("Too large") }
        let head = try await converting { () async throws(TransferError) in
            try await pipe.peek(ImageFormat.headBytes)
        }
        guard let type = ImageFormat(head: head)?.mediaType else { throw CopyFailure("Not an image") }
        if let length {
            try await store(.pipe(pipe, count: length), type: type)
            return length
        }
        return try await storeSpooled(type: type)
    }

    /// Follows redirects, each to an allowed host.
    private func download(_ url: String) async throws(CopyFailure) -> MeasuredDownload {
        var url = url
        for _ in 0...Self.maxRedirects {
            let trust: ImageHosts.Trust
            do throws(ImageHosts.Rejection) { trust = try dependencies.hosts.trust(for: url) } catch {
                throw CopyFailure(error.reason)
            }
            let request = HTTPClient.Request(
                "GET", url, headers: ["Accept": "image/*"], timeout: remaining, maxResponseBytes: 64 << 10,
                onlyPublicAddresses: trust == .publicAddresses)
            let download = try await converting { () async throws(TransferError) in
                try await dependencies.cdn.download(request, into: pipe, attempt: number)
            }
            let response = download.response
            if response.status == 200 { return download }
            download.end()
            guard [301, 302, 303, 307, 308].contains(response.status) else { throw CopyFailure(response, from: url) }
            guard let target = response.headers["Location"].flatMap({ redirected(from: url, to: $0) }) else {
                throw CopyFailure("HTTP \(response.status) without a valid Location")
            }
            url = target
        }
        throw CopyFailure("Too many redirects")
    }

    /// The length that the CDN declares. Nil if it declares none, or if the response has a transfer coding, which
    /// overrides it.
    /// - Throws: if there are several or it isn't a number, so that the end of the image is uncertain (RFC 9112, 6.3).
    private func declaredLength(_ headers: Headers) throws(CopyFailure) -> Int? {
        if headers["Transfer-Encoding"] != nil { return nil }
        let lengths = Set(headers.all("Content-Length"))
        guard let text = lengths.first else { return nil }
        let length = positiveInteger(text)
        if lengths.count > 1 || length == nil && text != "0" { throw CopyFailure("Invalid Content-Length") }
        return length
    }

    /// R2 requires the length of an upload in advance, so a body of unknown length is collected first.
    private func storeSpooled(type: String) async throws(CopyFailure) -> Int {
        var spool = Spool()
        while true {
            let bytes = try await converting(pipe.next)
            if bytes.isEmpty { break }
            do throws(Spool.Failure) { try spool.append(bytes) } catch {
                throw CopyFailure("Spooling failed: \(error.reason)")
            }
        }
        try await store(spool.body, type: type)
        // This use keeps the spool, and with it the body's descriptor, alive during the upload.
        return spool.count
    }

    private func store(_ body: HTTPClient.Request.Body, type: String) async throws(CopyFailure) {
        do throws(StorageError) {
            try await dependencies.storage.putOnce(
                key, body, contentType: type, timeout: remaining, attempt: number)
        } catch {
            // Download and upload have the same deadline, so either may report the timeout. The side for which the
            // other one waits is the cause.
            let hasTimedOut = error == .timeout || pipe.failure == .timeout
            if hasTimedOut, pipe.writerWaits { throw CopyFailure(StorageError.timeout) }
            if hasTimedOut, pipe.readerWaits { throw CopyFailure(TransferError.timeout) }
            // If the download failed, the upload was aborted for that reason.
            throw pipe.failure.map(CopyFailure.init) ?? CopyFailure(error)
        }
    }

    private func converting<Value: Sendable>(
        _ work: () async throws(TransferError) -> Value
    ) async throws(CopyFailure) -> Value {
        do throws(TransferError) { return try await work() } catch { throw CopyFailure(error) }
    }
}
