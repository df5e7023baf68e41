import Glibc
import HTTP

/// Whom the process calls.
package enum Upstream: Int, CaseIterable, Sendable {
    case ozon, r2, cdn

    var name: String { "\(self)" }
}

/// One call to an upstream, from its beginning to `end`: counted in the scoreboard and in the request's log line, and, at
/// level debug, a line of its own. Outside a request it is counted nowhere.
package struct UpstreamCall: Sendable {
    package enum Outcome: Int, CaseIterable, Sendable {
        /// 2xx, 3xx, or the 404 that answers a HEAD.
        case ok
        /// Another 4xx.
        case refused
        /// 5xx.
        case failed
        case timeout
        /// DNS, connecting, TLS: it wasn't sent.
        case unreachable
        /// The answer broke off, or wasn't taken to its end.
        case broken
        /// The caller went away.
        case cancelled
    }

    private let upstream: Upstream
    private let method: String
    private let url: String
    private let attempt: Int
    private let start: Int
    private let trace: Trace?

    /// Begins now.
    /// - Parameter url: logged without its query.
    /// - Parameter attempt: from 1.
    package init(_ upstream: Upstream, _ method: String, _ url: String, attempt: Int) {
        self.upstream = upstream
        self.method = method
        self.url = url
        self.attempt = attempt
        trace = Trace.current
        start = nanoseconds()
        trace?.times.begin(.upstream(upstream))
    }

    /// - Parameter status: that of the reply, if one came.
    /// - Parameter failure: in place of the reply, or of its rest.
    /// - Parameter bytes: of the bodies, sent and received.
    /// - Parameter cause: of the failure, for the log.
    package func end(status: Int?, failure: Outcome? = nil, sent: Int, received: Int, cause: String? = nil) {
        guard let trace else { return }
        let outcome = failure ?? status.map(outcome) ?? .broken
        let passed = nanoseconds() - start
        trace.times.end(.upstream(upstream))
        trace.times.count(upstream, isRetry: attempt > 1)
        trace.scoreboard.call(upstream, outcome, nanoseconds: passed, isRetry: attempt > 1)
        trace.log(.debug, "upstream call") { json in
            json.member("request_id", trace.requestID)
            json.member("upstream", upstream.name)
            json.member("method", method)
            json.member("url", cut(withoutQuery(url), 1024))
            json.member("attempt", attempt)
            json.member("status", ifAny: status)
            json.member("outcome", "\(outcome)")
            json.member("ms", passed / 1_000_000)
            json.member("sent", sent)
            json.member("received", received)
            json.member("cause", ifAny: cause.map { cut($0, 300) })
        }
    }

    private func outcome(of status: Int) -> Outcome {
        switch status {
        case ..<400: .ok
        case 404 where method == "HEAD": .ok
        case ..<500: .refused
        default: .failed
        }
    }
}

func withoutQuery(_ url: String) -> String {
    String(Substring(url.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }))
}
