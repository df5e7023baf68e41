import Encoding

/// The snapshots as OpenMetrics text, version 1.0. Each metric family has a sample for every process, labelled with `endpoint`
/// and `pid`. Durations are in seconds.
package func openMetrics(_ snapshots: [ScoreboardSnapshot], endpoint: String) -> [UInt8] {
    var text = MetricsText(snapshots, endpoint: endpoint)
    text.family("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.") {
        [("version=\"\($0.version)\"", $0.started)]
    }
    text.family("draining", "gauge", "1 after TERM.") { [("", $0.isDraining ? 1 : 0)] }
    text.family("requests_in_flight", "gauge", "Requests in progress.") { [("", $0[.inFlight])] }
    text.family("requests_in_flight_max", "gauge", "The most requests that were in progress at once.") { [("", $0[.mostInFlight])] }
    text.family("requests", "counter", "Requests that have ended, by status and error code.") { snapshot in
        RequestOutcome.all.map { ("status=\"\($0.status)\",outcome=\"\($0.name)\"", snapshot[$0]) }
    }
    text.family("slow_requests", "counter", "Requests that took SLOW_MS or more.") { [("", $0[.slowRequests])] }
    text.histogram("request_seconds", "Durations of requests.") { [("", $0.latency)] }
    text.family("upstream_calls", "counter", "Calls to Ozon, R2 and the CDN; each attempt counts.") { snapshot in
        Upstream.allCases.flatMap { upstream in
            UpstreamCall.Result.allCases.map {
                ("upstream=\"\(upstream.name)\",outcome=\"\($0)\"", snapshot.calls(upstream, $0))
            }
        }
    }
    text.family("upstream_retries", "counter", "Calls that repeated an earlier attempt.") { snapshot in
        Upstream.allCases.map { ("upstream=\"\($0.name)\"", snapshot.retries($0)) }
    }
    text.histogram("upstream_call_seconds", "Durations of calls to upstreams.") { snapshot in
        Upstream.allCases.map { ("upstream=\"\($0.name)\"", snapshot.latency($0)) }
    }
    text.family("urls_signed", "counter", "URLs signed for browsers.") { [("", $0[.signedURLs])] }
    text.family("images_copied", "counter", "Images copied into the bucket.") { [("", $0[.copiedImages])] }
    text.family("images_failed", "counter", "Images that could not be copied.") { [("", $0[.failedImages])] }
    text.family("relayed_bytes", "counter", "Bytes of the copied images.") { [("", $0[.relayedBytes])] }
    text.family("log_lines_dropped", "counter", "Log lines dropped because the log was not read fast enough.") { [("", $0[.droppedLines])] }
    text.bytes.append("# EOF\n")
    return text.bytes
}

private struct MetricsText {
    private let snapshots: [ScoreboardSnapshot]
    private let endpoint: String
    var bytes: [UInt8] = []

    init(_ snapshots: [ScoreboardSnapshot], endpoint: String) {
        self.snapshots = snapshots
        self.endpoint = endpoint
    }

    /// - Parameter samples: one process's samples: the labels that follow the common ones, and the value.
    mutating func family(
        _ name: String, _ type: String, _ help: String, _ samples: (ScoreboardSnapshot) -> [(labels: String, value: Int)]
    ) {
        head(name, type, help)
        for snapshot in snapshots {
            for (labels, value) in samples(snapshot) {
                sample(type == "counter" ? "\(name)_total" : name, snapshot, labels, "\(value)")
            }
        }
    }

    mutating func histogram(
        _ name: String, _ help: String, _ samples: (ScoreboardSnapshot) -> [(labels: String, latency: ScoreboardSnapshot.Latency)]
    ) {
        head(name, "histogram", help)
        for snapshot in snapshots {
            for (labels, latency) in samples(snapshot) {
                for (bound, count) in zip(Histogram.labels, latency.cumulative) {
                    let separator = labels.isEmpty ? "" : ","
                    sample("\(name)_bucket", snapshot, "\(labels)\(separator)le=\"\(bound)\"", "\(count)")
                }
                sample("\(name)_count", snapshot, labels, "\(latency.count)")
                sample("\(name)_sum", snapshot, labels, "\(Double(latency.nanoseconds) / 1e9)")
            }
        }
    }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        bytes.append(text: "# TYPE ozon_r2_\(name) \(type)\n")
        if name.hasSuffix("_seconds") { bytes.append(text: "# UNIT ozon_r2_\(name) seconds\n") }
        bytes.append(text: "# HELP ozon_r2_\(name) \(help)\n")
    }

    private mutating func sample(_ name: String, _ snapshot: ScoreboardSnapshot, _ labels: String, _ value: String) {
        let separator = labels.isEmpty ? "" : ","
        bytes.append(text: "ozon_r2_\(name){endpoint=\"\(endpoint)\",pid=\"\(snapshot.pid)\"\(separator)\(labels)} \(value)\n")
    }
}
