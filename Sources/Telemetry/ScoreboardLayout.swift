/// Layout of a scoreboard page, in 64-bit words. Two versions of an executable run side by side during a swap, so the
/// page starts with a fingerprint of the layout; readers skip pages that they don't recognize.
enum ScoreboardLayout {
    static let fingerprint = 0
    static let pid = 1
    /// Seconds since 1970.
    static let started = 2
    /// 1 if the process is draining.
    static let draining = 3
    /// UTF-8, padded with zeros.
    static let version = 4
    static let versionBytes = 32
    static let counters = 8
    static let outcomes = counters + Scoreboard.Counter.allCases.count
    static let latency = outcomes + RequestOutcome.all.count
    /// One block for each upstream: its calls by result, its retries, and a histogram of its calls' durations.
    static let upstreams = latency + Histogram.words
    static let retries = UpstreamCall.Result.allCases.count
    static let upstreamLatency = retries + 1
    static let upstreamWords = upstreamLatency + Histogram.words
    static let words = upstreams + Upstream.allCases.count * upstreamWords
    static let bytes = words * 8

    /// The FNV-1a hash of all names in their order.
    static let ownFingerprint: UInt64 = {
        let names =
            Scoreboard.Counter.allCases.map { "\($0)" } + RequestOutcome.all.map(\.name) + Histogram.labels
            + Upstream.allCases.map(\.name) + UpstreamCall.Result.allCases.map { "\($0)" } + ["\(words)"]
        return names.joined(separator: " ").utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }()
}
