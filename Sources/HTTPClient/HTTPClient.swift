import Encoding

/// HTTP by libcurl: one multi handle on a thread of its own, so that all requests of the process share its connections
/// and TLS sessions, however many threads its handlers run on.
///
/// TLS is verified, proxy environment variables are ignored, redirects are not followed, and nothing is retried.
package final class HTTPClient: Sendable {
    package struct Options: Sendable {
        /// The largest number of transfers at once. Others wait for one to end.
        package var maxTransfers: Int
        /// Uses HTTP/2 if the server offers it. File transfers should not: 16 paused relays of 64 MB peaked at 19 MB of
        /// memory on HTTP/1.1 and at 199 MB on HTTP/2, because its flow-control windows fill while nothing is read.
        package var allowsHTTP2: Bool
        /// A PEM file of the certificate authorities to trust, or nil for the system's.
        package var authoritiesFile: String?

        package init(maxTransfers: Int, allowsHTTP2: Bool, authoritiesFile: String?) {
            self.maxTransfers = maxTransfers
            self.allowsHTTP2 = allowsHTTP2
            self.authoritiesFile = authoritiesFile
        }
    }

    package struct Request: Sendable {
        package enum Body: Sendable {
            case none
            case bytes([UInt8])
            /// Created when libcurl first reads it, and released once it is sent: for a large body made of data that is
            /// kept anyway. The closure is called twice, the first time for the size, and must return the same bytes.
            case generated(@Sendable () -> [UInt8])
            /// Read from the pipe as it fills; exactly `count` bytes.
            case pipe(Pipe, count: Int)
            /// The first `count` bytes of a file, which must stay open until the transfer ends.
            case file(descriptor: Int32, count: Int)
        }

        package let method: String
        package let url: String
        /// Sent as they are: names and values must be printable.
        package let headers: Headers
        package let body: Body
        /// For the whole transfer, including connecting; at least 1 ms.
        package let timeout: Duration
        /// The largest body, in bytes, after decompression; a larger one fails with `tooLarge`. Of a response that
        /// isn't 2xx, at most 64 KiB of the body are kept. The limit of a download is its pipe's.
        package let maxResponseBytes: Int
        /// Rejects addresses of private networks. They are checked when the socket is opened, after DNS.
        package let onlyPublicAddresses: Bool

        package init(
            _ method: String, _ url: String, headers: Headers, body: Body = .none, timeout: Duration,
            maxResponseBytes: Int, onlyPublicAddresses: Bool = false
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = max(timeout, .milliseconds(1))
            self.maxResponseBytes = maxResponseBytes
            self.onlyPublicAddresses = onlyPublicAddresses
        }
    }

    package struct Response: Sendable {
        package let status: Int
        package let headers: Headers
        package let body: [UInt8]
        /// Bytes of the request's body that were sent.
        package let sent: Int

        package init(status: Int, headers: Headers, body: [UInt8], sent: Int = 0) {
            self.status = status
            self.headers = headers
            self.body = body
            self.sent = sent
        }
    }

    private let loop: TransferLoop

    package init(_ options: Options) {
        loop = TransferLoop(options)
    }

    /// Cancelling the task removes the transfer at once.
    /// - Throws: if there is no complete response.
    package func send(_ request: Request) async throws(TransferError) -> Response {
        try await run(Transfer(request, sink: nil, loop.connections))
    }

    /// Sends a request and writes the response's body, if its status is 200, into the pipe.
    /// - Returns: the response without its body, as soon as its headers have arrived. The body's bytes follow until the
    ///   pipe ends; closing the pipe ends the transfer.
    package func download(_ request: Request, into pipe: Pipe) async throws(TransferError) -> Response {
        try await run(Transfer(request, sink: pipe, loop.connections))
    }

    private func run(_ transfer: Transfer) async throws(TransferError) -> Response {
        transfer.attach(loop)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.continuation = continuation
                loop.add(transfer)
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }
}
