import Glibc
import Synchronization

/// What one process counts, in a page of memory that every process of its endpoint can read (ScoreboardFile.swift). Relaxed
/// atomic additions, no lock. A request costs five of them, side by side in two cache lines.
package final class Scoreboard: @unchecked Sendable {
    /// Counters of their own; the tables of outcomes and the histograms stand behind them.
    package enum Counter: Int, CaseIterable, Sendable {
        case inFlight, mostInFlight, signedURLs, slowRequests, copiedImages, failedImages, relayedBytes, droppedLines
    }

    let endpoint: String
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let file: ScoreboardFile?

    /// - Parameter folder: where the endpoint's processes put their pages. nil, or not to be written to: this process can tell
    ///   of itself alone.
    package init(endpoint: String, folder: String? = nil) {
        self.endpoint = endpoint
        file = folder.flatMap { ScoreboardFile(folder: $0, endpoint: endpoint) }
        let memory =
            file?.memory
            ?? .allocate(byteCount: Layout.bytes, alignment: MemoryLayout<Atomic<UInt64>>.alignment)
        memset(memory, 0, Layout.bytes)
        words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: Layout.words)
        set(Layout.pid, UInt64(getpid()))
        set(Layout.started, UInt64(time(nil)))
        var text = Array(version.utf8.prefix(Layout.versionBytes))
        memcpy(memory + Layout.version * 8, &text, text.count)
        set(Layout.fingerprint, Layout.ownFingerprint)
        file?.publish()
    }

    deinit {
        if file == nil { words.deallocate() }
    }

    private func set(_ word: Int, _ value: UInt64) {
        words[word].store(value, ordering: .relaxed)
    }

    private func add(_ word: Int, _ value: Int = 1) {
        words[word].wrappingAdd(UInt64(truncatingIfNeeded: value), ordering: .relaxed)
    }

    package func add(_ counter: Counter, _ value: Int = 1) {
        add(Layout.counters + counter.rawValue, value)
    }

    /// A request has come. Answers how many are under way, this one included.
    func begin() -> Int {
        let word = Layout.counters + Counter.inFlight.rawValue
        let now = words[word].wrappingAdd(1, ordering: .relaxed).newValue
        let most = Layout.counters + Counter.mostInFlight.rawValue
        if words[most].load(ordering: .relaxed) < now { words[most].max(now, ordering: .relaxed) }
        return Int(now)
    }

    func end(_ outcome: Outcome, nanoseconds: Int) {
        add(Layout.outcomes + outcome.index)
        record(nanoseconds, at: Layout.latency)
        add(.inFlight, -1)
    }

    func call(_ upstream: Upstream, _ outcome: UpstreamCall.Outcome, nanoseconds: Int, isRetry: Bool) {
        let block = Layout.upstreams + upstream.rawValue * Layout.upstreamWords
        add(block + outcome.rawValue)
        if isRetry { add(block + Layout.retries) }
        record(nanoseconds, at: block + Layout.upstreamLatency)
    }

    private func record(_ nanoseconds: Int, at histogram: Int) {
        add(histogram + Histogram.bucket(nanoseconds))
        add(histogram + Histogram.sum, nanoseconds)
    }

    func drain() {
        set(Layout.draining, 1)
    }

    /// The process ends in good order.
    func remove() {
        file?.remove()
    }

    /// Every living process's counts, this one's among them, and the pids of those whose page this version can't read.
    func readings() -> (known: [Reading], unknown: [Int]) {
        file?.readings() ?? ([Reading(words)], [])
    }
}

/// How a request ended: a row of Fault.swift's table, or one of the two that are no fault.
enum Outcome: Equatable, Sendable {
    case ok
    /// nginx's number for it is 499.
    case clientWentAway
    case fault(Fault.Kind)

    static let all: [Outcome] = [.ok, .clientWentAway] + Fault.Kind.allCases.map { .fault($0) }

    /// Its place in `all`.
    var index: Int {
        switch self {
        case .ok: 0
        case .clientWentAway: 1
        case .fault(let kind): 2 + kind.rawValue
        }
    }

    var name: (status: Int, code: String) {
        switch self {
        case .ok: (200, "OK")
        case .clientWentAway: (499, "CLIENT_WENT_AWAY")
        case .fault(let kind): (kind.row.status, kind.row.code)
        }
    }
}

/// A count for each bucket, the last without an upper bound; then the sum of all in nanoseconds.
enum Histogram {
    /// Seconds, as they are written.
    static let bounds = [
        "0.0001", "0.001", "0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0",
    ]
    static let sum = 15
    static let words = 16

    static func bucket(_ nanoseconds: Int) -> Int {
        switch nanoseconds {
        case ...100_000: 0
        case ...1_000_000: 1
        case ...5_000_000: 2
        case ...10_000_000: 3
        case ...50_000_000: 4
        case ...100_000_000: 5
        case ...250_000_000: 6
        case ...500_000_000: 7
        case ...1_000_000_000: 8
        case ...2_500_000_000: 9
        case ...5_000_000_000: 10
        case ...10_000_000_000: 11
        case ...30_000_000_000: 12
        case ...60_000_000_000: 13
        default: 14
        }
    }
}
