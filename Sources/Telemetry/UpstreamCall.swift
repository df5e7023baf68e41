import Encoding
import JSON
import System

/// One call to an upstream, from `init` to `end`. It is counted in the scoreboard and in the request's log line, and
/// has a log line of its own at level debug. A call outside a request is not counted.
package struct UpstreamCall: Sendable {
    package enum Result: Int, CaseIterable, Sendable {
        /// 2xx, 3xx, or 404 in response to HEAD.
        case ok
        /// Any other 4xx.
        case refused
        /// 5xx.
        case failed
        case timeout
        /// DNS, connecting or TLS failed; no request was sent.
        case unreachable
        /// The response was cut off, or was not read to its end.
        case broken
        /// The request's task was cancelled, usually because the client disconnected.
        case cancelled
    }

    private let upstream: Upstream
    private let method: String
    private let url: String
    private let attempt: Int
    private let start: Int
    private let trace: RequestTrace?

    /// - Parameters:
    ///   - url: logged without its query, which may contain a signature.
    ///   - attempt: 1 for the first.
    package init(_ upstream: Upstream, _ method: String, _ url: String, attempt: Int) {
        self.upstream = upstream
        self.method = method
        self.url = url
        self.attempt = attempt
        trace = RequestTrace.current
        start = MonotonicClock.nanoseconds()
        trace?.timings.begin(Timings.Wait(upstream))
    }

    /// - Parameters:
    ///   - status: the response's status, if there was a response.
    ///   - failure: the result, if there is no complete response.
    ///   - sent: the number of bytes of the request's body that were sent; nil if that is unknown, because there is no
    ///     response.
    ///   - received: the number of bytes in the response's body.
    ///   - cause: the cause of the failure, for the log.
    package func end(status: Int?, failure: Result? = nil, sent: Int?, received: Int, cause: String? = nil) {
        guard let trace else { return }
        let result = failure ?? status.map(result) ?? .broken
        let elapsed = MonotonicClock.nanoseconds() - start
        trace.timings.end(Timings.Wait(upstream))
        trace.timings.countCall(upstream, isRetry: attempt > 1)
        trace.scoreboard.countCall(upstream, result, nanoseconds: elapsed, isRetry: attempt > 1)
        trace.log(.debug, "upstream call") { json in
            json.member("request_id", trace.requestID)
            json.member("upstream", upstream.name)
            json.member("method", method)
            json.member("url", truncated(urlWithoutQuery(url), toBytes: 1024))
            json.member("attempt", attempt)
            json.member("status", ifAny: status)
            json.member("outcome", "\(result)")
            json.member("ms", elapsed / 1_000_000)
            json.member("sent", ifAny: sent)
            json.member("received", received)
            json.member("cause", ifAny: cause.map { truncated($0, toBytes: maxErrorTextBytes) })
        }
    }

    private func result(of status: Int) -> Result {
        switch status {
        case ..<400: .ok
        case 404 where method == "HEAD": .ok
        case ..<500: .refused
        default: .failed
        }
    }
}

func urlWithoutQuery(_ url: String) -> String {
    String(Substring(url.utf8.prefix { $0 != .questionMark && $0 != .numberSign }))
}
