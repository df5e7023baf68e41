import Encoding

/// Writes metric families in the format OpenMetrics 1.0.
struct MetricsText {
    private let snapshots: [ScoreboardSnapshot]
    private let endpoint: String
    var bytes: [UInt8] = []

    init(_ snapshots: [ScoreboardSnapshot], endpoint: String) {
        self.snapshots = snapshots
        self.endpoint = endpoint
    }

    /// - Parameter samples: one process's samples: the labels that follow the common ones, and the value.
    mutating func gauge(
        _ name: String, _ help: String, _ samples: (ScoreboardSnapshot) -> [(labels: String, value: Int)]
    ) {
        family(name, type: "gauge", help: help) { text, snapshot in
            for (labels, value) in samples(snapshot) { text.sample(name, of: snapshot, labels: labels, "\(value)") }
        }
    }

    /// A counter's samples have the suffix `_total`.
    mutating func counter(
        _ name: String, _ help: String, _ samples: (ScoreboardSnapshot) -> [(labels: String, value: Int)]
    ) {
        family(name, type: "counter", help: help) { text, snapshot in
            for (labels, value) in samples(snapshot) {
                text.sample("\(name)_total", of: snapshot, labels: labels, "\(value)")
            }
        }
    }

    mutating func histogram(
        _ name: String, _ help: String,
        _ samples: (ScoreboardSnapshot) -> [(labels: String, latency: ScoreboardSnapshot.Latency)]
    ) {
        family(name, type: "histogram", help: help) { text, snapshot in
            for (labels, latency) in samples(snapshot) {
                for (bound, count) in zip(Histogram.labels, latency.cumulative) {
                    let separator = labels.isEmpty ? "" : ","
                    text.sample(
                        "\(name)_bucket", of: snapshot, labels: "\(labels)\(separator)le=\"\(bound)\"", "\(count)")
                }
                text.sample("\(name)_count", of: snapshot, labels: labels, "\(latency.count)")
                text.sample("\(name)_sum", of: snapshot, labels: labels, "\(Double(latency.nanoseconds) / 1e9)")
            }
        }
    }

    private mutating func family(
        _ name: String, type: String, help: String, _ write: (inout MetricsText, ScoreboardSnapshot) -> Void
    ) {
        bytes.append(text: "# TYPE ozon_r2_\(name) \(type)\n")
        if name.hasSuffix("_seconds") { bytes.append(text: "# UNIT ozon_r2_\(name) seconds\n") }
        bytes.append(text: "# HELP ozon_r2_\(name) \(help)\n")
        for snapshot in snapshots { write(&self, snapshot) }
    }

    private mutating func sample(
        _ name: String, of snapshot: ScoreboardSnapshot, labels: String, _ value: String
    ) {
        let separator = labels.isEmpty ? "" : ","
        bytes.append(
            text: "ozon_r2_\(name){endpoint=\"\(endpoint)\",pid=\"\(snapshot.pid)\"\(separator)\(labels)} \(value)\n")
    }
}
