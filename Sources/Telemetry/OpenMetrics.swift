import Encoding

/// The counts of an endpoint's running processes as text in the format OpenMetrics 1.0. Each metric family has a sample
/// for every process, labeled with `endpoint` and `pid`. Durations are in seconds.
package func openMetrics(_ scoreboard: Scoreboard) -> [UInt8] {
    var text = MetricsText(scoreboard.snapshots().readable, endpoint: scoreboard.endpoint)
    text.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.") {
        [("version=\"\($0.version)\"", $0.started)]
    }
    text.gauge("draining", "1 if the process is draining, otherwise 0.") { [("", $0.isDraining ? 1 : 0)] }
    text.gauge("requests_in_flight", "Requests in progress.") { [("", $0[.inFlight])] }
    text.gauge("requests_in_flight_max", "The maximum number of requests in progress at the same time.") {
        [("", $0[.mostInFlight])]
    }
    text.counter("requests", "Requests that have ended, by status and error code.") { snapshot in
        RequestOutcome.all.map { ("status=\"\($0.status)\",outcome=\"\($0.name)\"", snapshot[$0]) }
    }
    text.counter("slow_requests", "Requests that took SLOW_MS or more.") { [("", $0[.slowRequests])] }
    text.histogram("request_seconds", "Durations of requests.") { [("", $0.latency)] }
    text.counter("upstream_calls", "Calls to Ozon, R2 and the CDN; each attempt counts.") { snapshot in
        Upstream.allCases.flatMap { upstream in
            UpstreamCall.Result.allCases.map {
                ("upstream=\"\(upstream.name)\",outcome=\"\($0)\"", snapshot.calls(upstream, $0))
            }
        }
    }
    text.counter("upstream_retries", "Calls that repeated an earlier attempt.") { snapshot in
        Upstream.allCases.map { ("upstream=\"\($0.name)\"", snapshot.retries($0)) }
    }
    text.histogram("upstream_call_seconds", "Durations of calls to upstreams.") { snapshot in
        Upstream.allCases.map { ("upstream=\"\($0.name)\"", snapshot.latency($0)) }
    }
    text.counter("urls_signed", "URLs signed for browsers.") { [("", $0[.signedURLs])] }
    text.counter("images_copied", "Images copied into the bucket.") { [("", $0[.copiedImages])] }
    text.counter("images_failed", "Images that could not be copied.") { [("", $0[.failedImages])] }
    text.counter("relayed_bytes", "Bytes of the copied images.") { [("", $0[.relayedBytes])] }
    text.counter("log_lines_dropped", "Log lines that could not be written and were dropped.") {
        [("", $0[.droppedLines])]
    }
    text.bytes.append("# EOF\n")
    return text.bytes
}
