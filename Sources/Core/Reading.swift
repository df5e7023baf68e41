import Synchronization

/// Where a scoreboard's words stand. Two versions of an executable run side by side while one takes the other's place: a page
/// begins with a fingerprint of all of this, and whoever doesn't know it leaves the page alone.
enum Layout {
    static let fingerprint = 0
    static let pid = 1
    /// Seconds since 1970.
    static let started = 2
    /// 1 after TERM.
    static let draining = 3
    /// Text, filled up with zeros.
    static let version = 4
    static let versionBytes = 32
    static let counters = 8
    static let outcomes = 16
    static let latency = outcomes + 24
    /// For each upstream: its calls by outcome, those that were retries, how long they took.
    static let upstreams = latency + Histogram.words
    static let retries = 7
    static let upstreamLatency = 8
    static let upstreamWords = upstreamLatency + Histogram.words
    static let words = upstreams + 3 * upstreamWords
    static let bytes = words * 8

    /// FNV-1a over the names in their order.
    static let ownFingerprint: UInt64 = {
        let names =
            Scoreboard.Counter.allCases.map { "\($0)" } + Outcome.all.map(\.name.code) + Histogram.bounds
            + Upstream.allCases.map(\.name) + UpstreamCall.Outcome.allCases.map { "\($0)" } + ["\(words)"]
        return names.joined(separator: " ").utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }()
}

/// A scoreboard as it stood at one moment, or the sum of several.
package struct Reading: Sendable {
    private var words: [Int]

    init(_ page: UnsafePointer<Atomic<UInt64>>) {
        words = (0..<Layout.words).map { Int(truncatingIfNeeded: page[$0].load(ordering: .relaxed)) }
    }

    /// - Parameter readings: at least one.
    init(sum readings: [Reading]) {
        words = readings[0].words
        for reading in readings.dropFirst() {
            for index in Layout.counters..<Layout.words { words[index] &+= reading.words[index] }
        }
        words[Layout.started] = readings.map(\.started).min()!
    }

    var isKnown: Bool { words[Layout.fingerprint] == Int(truncatingIfNeeded: Layout.ownFingerprint) }
    var pid: Int { words[Layout.pid] }
    /// Seconds since 1970.
    var started: Int { words[Layout.started] }
    var isDraining: Bool { words[Layout.draining] != 0 }

    var version: String {
        words[Layout.version..<Layout.counters].withUnsafeBytes { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    subscript(counter: Scoreboard.Counter) -> Int { words[Layout.counters + counter.rawValue] }
    subscript(outcome: Outcome) -> Int { words[Layout.outcomes + outcome.index] }

    /// Requests that have come, ended or not.
    var requests: Int { latency.count + self[.inFlight] }
    var latency: Latency { latency(at: Layout.latency) }

    func calls(_ upstream: Upstream, _ outcome: UpstreamCall.Outcome) -> Int {
        words[block(upstream) + outcome.rawValue]
    }
    func retries(_ upstream: Upstream) -> Int { words[block(upstream) + Layout.retries] }
    func latency(_ upstream: Upstream) -> Latency { latency(at: block(upstream) + Layout.upstreamLatency) }

    private func block(_ upstream: Upstream) -> Int { Layout.upstreams + upstream.rawValue * Layout.upstreamWords }

    private func latency(at start: Int) -> Latency {
        var sum = 0
        let cumulative = (0..<Histogram.sum).map { bucket in
            sum += words[start + bucket]
            return sum
        }
        return Latency(cumulative: cumulative, nanoseconds: words[start + Histogram.sum])
    }

    /// A histogram: how many took at most each bound, the last of them any time.
    struct Latency {
        let cumulative: [Int]
        let nanoseconds: Int
        var count: Int { cumulative.last! }
    }
}
