import CCurl
import Encoding
import Synchronization

/// HTTP by libcurl: one multi handle on a thread of its own, so that connections and TLS sessions are shared by all
/// requests of the process, however many threads its handlers run on.
///
/// TLS is verified, proxies of the environment are ignored, redirects are not followed. One attempt a call; `Retry` is
/// where attempts are repeated.
package final class HTTPClient: Sendable {
    package struct Options: Sendable {
        package var maxConnections: Int
        /// HTTP/2 where a server offers it. Transfers of files are better off without: 16 paused relays of 64 MB peaked
        /// at 19 MB on HTTP/1.1 and at 199 MB on HTTP/2, whose windows take what nobody reads.
        package var speaksHTTP2: Bool
        /// The certificates of the authorities to trust, in PEM; nil: the system's.
        package var authorities: String?

        package init(maxConnections: Int, speaksHTTP2: Bool, authorities: String?) {
            self.maxConnections = maxConnections
            self.speaksHTTP2 = speaksHTTP2
            self.authorities = authorities
        }
    }

    package struct Request: Sendable {
        package enum Body: Sendable {
            case none
            case bytes([UInt8])
            /// Created when libcurl first reads it, and released once it is sent: for a large body that is made of data
            /// the caller keeps anyway. The closure is called twice, the first time for the size, and returns the same
            /// bytes.
            case made(@Sendable () -> [UInt8])
            /// Read from the pipe as it fills; exactly that many bytes.
            case pipe(Pipe, count: Int)
            /// A file's first bytes, read from its beginning. The descriptor stays the caller's.
            case file(descriptor: Int32, count: Int)
        }

        package let method: String
        package let url: String
        /// Checked by the caller to be printable: they become header lines as they are.
        package let headers: Headers
        package let body: Body
        /// Milliseconds for the whole call, connecting included.
        package let timeout: Int
        package let maxReplyBytes: Int
        /// Refuses addresses of private networks, looked at when the socket is opened, after DNS.
        package let onlyPublicAddresses: Bool

        package init(
            _ method: String, _ url: String, headers: Headers, body: Body = .none, timeout: Int,
            maxReplyBytes: Int, onlyPublicAddresses: Bool = false
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
            self.maxReplyBytes = maxReplyBytes
            self.onlyPublicAddresses = onlyPublicAddresses
        }
    }

    package struct Response: Sendable {
        package let status: Int
        package let headers: Headers
        package let body: [UInt8]
        /// Bytes of the call's body that were sent.
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

    /// - Throws: no reply, or not all of it. Cancelling the task removes the transfer at once.
    package func send(_ call: Request) async throws(TransferError) -> Response {
        try await run(Transfer(call, sink: nil))
    }

    /// Begins a call whose reply's body, if its status is 200, goes into the pipe. Returns once the head has come: body
    /// bytes follow until the pipe ends. Closing the pipe ends the transfer.
    package func download(_ call: Request, into pipe: Pipe) async throws(TransferError) -> Response {
        try await run(Transfer(call, sink: pipe))
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

/// Why there is no reply.
package enum TransferError: Error, Sendable, Equatable {
    /// DNS, connecting, TLS: the request was not sent.
    case unreachable(String)
    /// The host's certificate isn't trusted, or our file of authorities (`SSL_CERT_FILE`) can't be used: the next attempt
    /// would fail too.
    case untrusted(String)
    /// Reset, or closed before the reply was whole.
    case broken(String)
    /// The whole time was used up, or nothing came for 10 s.
    case timeout
    case tooLarge
    /// The host's address is none of the public ones.
    case forbiddenAddress
    case cancelled

    init(_ code: CURLcode) {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR: self = .unreachable(text)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: self = .untrusted(text)
        default: self = .broken(text)
        }
    }
}
