import Synchronization

/// The counts of a scoreboard at one moment, or the sum of several.
struct ScoreboardSnapshot: Sendable {
    private var words: [Int]

    init(_ page: UnsafePointer<Atomic<UInt64>>) {
        words = (0..<ScoreboardLayout.words).map { Int(truncatingIfNeeded: page[$0].load(ordering: .relaxed)) }
    }

    /// The sum of one or more snapshots, started when the oldest of them was.
    init(sum snapshots: [ScoreboardSnapshot]) {
        words = snapshots[0].words
        for snapshot in snapshots.dropFirst() {
            for index in ScoreboardLayout.counters..<ScoreboardLayout.words { words[index] &+= snapshot.words[index] }
        }
        words[ScoreboardLayout.started] = snapshots.map(\.started).min()!
    }

    /// Whether the page has this version's layout.
    var isReadable: Bool {
        words[ScoreboardLayout.fingerprint] == Int(truncatingIfNeeded: ScoreboardLayout.ownFingerprint)
    }
    var pid: Int { words[ScoreboardLayout.pid] }
    /// Seconds since 1970.
    var started: Int { words[ScoreboardLayout.started] }
    var isDraining: Bool { words[ScoreboardLayout.draining] != 0 }

    var version: String {
        words[ScoreboardLayout.version..<ScoreboardLayout.counters].withUnsafeBytes { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    subscript(counter: Scoreboard.Counter) -> Int { words[ScoreboardLayout.counters + counter.rawValue] }
    subscript(outcome: RequestOutcome) -> Int { words[ScoreboardLayout.outcomes + outcome.index] }

    /// Requests received, those in progress included.
    var requests: Int { latency.count + self[.inFlight] }
    var latency: Latency { latency(at: ScoreboardLayout.latency) }

    func calls(_ upstream: Upstream, _ result: UpstreamCall.Result) -> Int {
        words[block(upstream) + result.rawValue]
    }
    func retries(_ upstream: Upstream) -> Int { words[block(upstream) + ScoreboardLayout.retries] }
    func latency(_ upstream: Upstream) -> Latency { latency(at: block(upstream) + ScoreboardLayout.upstreamLatency) }

    private func block(_ upstream: Upstream) -> Int {
        ScoreboardLayout.upstreams + upstream.rawValue * ScoreboardLayout.upstreamWords
    }

    private func latency(at start: Int) -> Latency {
        var sum = 0
        let cumulative = (0..<Histogram.sum).map { bucket in
            sum += words[start + bucket]
            return sum
        }
        return Latency(cumulative: cumulative, nanoseconds: words[start + Histogram.sum])
    }

    struct Latency {
        /// How many durations were at most each of `Histogram.bounds`; the last count includes all.
        let cumulative: [Int]
        /// The sum of all durations.
        let nanoseconds: Int
        var count: Int { cumulative.last! }
    }
}
