import CCurl
import HTTP
import Synchronization

/// HTTP by libcurl: one multi handle on a thread of its own, so that connections and TLS sessions are shared by all
/// requests of the process, however many threads its handlers run on.
///
/// TLS is verified, proxies of the environment are ignored, redirects are not followed. One attempt a call; `Retry` is
/// where attempts are repeated.
package final class HTTPClient: Sendable {
    package struct Options: Sendable {
        package var maxConnections: Int

        package init(maxConnections: Int) {
            self.maxConnections = maxConnections
        }
    }

    package struct Call: Sendable {
        package var url: String
        /// Checked by the caller to be printable: they become header lines as they are.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]
        /// Milliseconds for the whole call, connecting included.
        package var timeout: Int
        package var maxReplyBytes: Int

        /// A POST.
        package init(
            url: String, headers: [(name: String, value: String)], body: [UInt8], timeout: Int, maxReplyBytes: Int
        ) {
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
            self.maxReplyBytes = maxReplyBytes
        }
    }

    package struct Reply: Sendable {
        package let status: Int
        package let headers: Headers
        package let body: [UInt8]

        package init(status: Int, headers: Headers, body: [UInt8]) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    private let loop: TransferLoop

    package init(_ options: Options) {
        loop = TransferLoop(options)
    }

    /// - Throws: no reply, or not all of it. Cancelling the task removes the transfer at once.
    package func send(_ call: Call) async throws(TransferError) -> Reply {
        let transfer = Transfer(call)
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
    /// Reset, or closed before the reply was whole.
    case broken(String)
    case timeout
    case tooLarge
    case cancelled

    init(_ code: CURLcode) {
        let text = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
            CURLE_SSL_CACERT_BADFILE:
            self = .unreachable(text)
        default: self = .broken(text)
        }
    }
}
