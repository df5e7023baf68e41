import HTTP

/// OpenMetrics text 1.0 of the living processes of an endpoint: one family after the other, in each a sample for every process,
/// labelled `endpoint` and `pid`. Times are seconds.
func openMetrics(_ readings: [Reading], endpoint: String) -> [UInt8] {
    var text = MetricsText(readings, endpoint: endpoint)
    text.family("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.") {
        [("version=\"\($0.version)\"", $0.started)]
    }
    text.family("draining", "gauge", "1 after TERM.") { [("", $0.isDraining ? 1 : 0)] }
    text.family("requests_in_flight", "gauge", "Requests under way.") { [("", $0[.inFlight])] }
    text.family("requests_in_flight_max", "gauge", "The most there have been at once.") { [("", $0[.mostInFlight])] }
    text.family("requests", "counter", "Requests ended.") { reading in
        Outcome.all.map { ("status=\"\($0.name.status)\",outcome=\"\($0.name.code)\"", reading[$0]) }
    }
    text.family("slow_requests", "counter", "Requests that took SLOW_MS or more.") { [("", $0[.slowRequests])] }
    text.histogram("request_seconds", "How long requests took.") { [("", $0.latency)] }
    text.family("upstream_calls", "counter", "Calls to Ozon, R2 and the CDN, each attempt for itself.") { reading in
        Upstream.allCases.flatMap { upstream in
            UpstreamCall.Outcome.allCases.map {
                ("upstream=\"\(upstream.name)\",outcome=\"\($0)\"", reading.calls(upstream, $0))
            }
        }
    }
    text.family("upstream_retries", "counter", "Those of them that repeat one.") { reading in
        Upstream.allCases.map { ("upstream=\"\($0.name)\"", reading.retries($0)) }
    }
    text.histogram("upstream_call_seconds", "How long they took.") { reading in
        Upstream.allCases.map { ("upstream=\"\($0.name)\"", reading.latency($0)) }
    }
    text.family("urls_signed", "counter", "URLs signed for browsers.") { [("", $0[.signedURLs])] }
    text.family("images_copied", "counter", "Images that were copied into the bucket.") { [("", $0[.copiedImages])] }
    text.family("images_failed", "counter", "Images that were not.") { [("", $0[.failedImages])] }
    text.family("relayed_bytes", "counter", "Bytes of the images copied.") { [("", $0[.relayedBytes])] }
    text.family("log_lines_dropped", "counter", "Log lines that nobody took.") { [("", $0[.droppedLines])] }
    text.bytes.append("# EOF\n")
    return text.bytes
}

private struct MetricsText {
    private let readings: [Reading]
    private let endpoint: String
    var bytes: [UInt8] = []

    init(_ readings: [Reading], endpoint: String) {
        self.readings = readings
        self.endpoint = endpoint
    }

    /// - Parameter samples: of one process: labels besides the common ones, and a value.
    mutating func family(
        _ name: String, _ type: String, _ help: String, _ samples: (Reading) -> [(labels: String, value: Int)]
    ) {
        head(name, type, help)
        for reading in readings {
            for (labels, value) in samples(reading) {
                sample(type == "counter" ? "\(name)_total" : name, reading, labels, "\(value)")
            }
        }
    }

    mutating func histogram(
        _ name: String, _ help: String, _ samples: (Reading) -> [(labels: String, latency: Reading.Latency)]
    ) {
        head(name, "histogram", help)
        for reading in readings {
            for (labels, latency) in samples(reading) {
                for (bound, count) in zip(Histogram.bounds + ["+Inf"], latency.cumulative) {
                    let separator = labels.isEmpty ? "" : ","
                    sample("\(name)_bucket", reading, "\(labels)\(separator)le=\"\(bound)\"", "\(count)")
                }
                sample("\(name)_count", reading, labels, "\(latency.count)")
                sample("\(name)_sum", reading, labels, "\(Double(latency.nanoseconds) / 1e9)")
            }
        }
    }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        bytes.append("# TYPE ozon_r2_\(name) \(type)\n" as String)
        if name.hasSuffix("_seconds") { bytes.append("# UNIT ozon_r2_\(name) seconds\n" as String) }
        bytes.append("# HELP ozon_r2_\(name) \(help)\n" as String)
    }

    private mutating func sample(_ name: String, _ reading: Reading, _ labels: String, _ value: String) {
        let separator = labels.isEmpty ? "" : ","
        bytes.append(
            "ozon_r2_\(name){endpoint=\"\(endpoint)\",pid=\"\(reading.pid)\"\(separator)\(labels)} \(value)\n" as String
        )
    }
}
