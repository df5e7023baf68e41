import Glibc
import Synchronization

/// The counts of one process, in a page of memory that every process of its endpoint can read (ScoreboardFile.swift).
/// Each count is a relaxed atomic addition, without a lock. A request costs five additions, in at most four cache
/// lines.
package final class Scoreboard: @unchecked Sendable {
    /// Single counters. In the page they precede the outcomes and the histograms.
    package enum Counter: Int, CaseIterable, Sendable {
        case inFlight, mostInFlight, signedURLs, slowRequests, copiedImages, failedImages, relayedBytes, droppedLines
    }

    let endpoint: String
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let file: ScoreboardFile?

    /// - Parameter directory: the directory of the pages of the endpoint's processes. If it is nil or can't be written
    ///   to, `snapshots` returns only this process's.
    package init(endpoint: String, directory: String? = nil) {
        self.endpoint = endpoint
        file = directory.flatMap { ScoreboardFile(directory: $0, endpoint: endpoint) }
        let memory =
            file?.memory
            ?? .allocate(byteCount: ScoreboardLayout.bytes, alignment: MemoryLayout<Atomic<UInt64>>.alignment)
        memset(memory, 0, ScoreboardLayout.bytes)
        words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: ScoreboardLayout.words)
        set(ScoreboardLayout.pid, UInt64(getpid()))
        set(ScoreboardLayout.started, UInt64(time(nil)))
        var text = Array(version.utf8.prefix(ScoreboardLayout.versionBytes))
        memcpy(memory + ScoreboardLayout.version * 8, &text, text.count)
        set(ScoreboardLayout.fingerprint, ScoreboardLayout.ownFingerprint)
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
        add(ScoreboardLayout.counters + counter.rawValue, value)
    }

    /// - Returns: how many requests are in progress, including this one.
    func beginRequest() -> Int {
        let word = ScoreboardLayout.counters + Counter.inFlight.rawValue
        let now = words[word].wrappingAdd(1, ordering: .relaxed).newValue
        let most = ScoreboardLayout.counters + Counter.mostInFlight.rawValue
        if words[most].load(ordering: .relaxed) < now { words[most].max(now, ordering: .relaxed) }
        return Int(now)
    }

    func endRequest(_ outcome: RequestOutcome, nanoseconds: Int) {
        add(ScoreboardLayout.outcomes + outcome.index)
        record(nanoseconds, at: ScoreboardLayout.latency)
        add(.inFlight, -1)
    }

    func countCall(_ upstream: Upstream, _ result: UpstreamCall.Result, nanoseconds: Int, isRetry: Bool) {
        let block = ScoreboardLayout.upstreams + upstream.rawValue * ScoreboardLayout.upstreamWords
        add(block + result.rawValue)
        if isRetry { add(block + ScoreboardLayout.retries) }
        record(nanoseconds, at: block + ScoreboardLayout.upstreamLatency)
    }

    private func record(_ nanoseconds: Int, at histogram: Int) {
        add(histogram + Histogram.bucket(nanoseconds))
        add(histogram + Histogram.sum, nanoseconds)
    }

    package func setDraining() {
        set(ScoreboardLayout.draining, 1)
    }

    /// Whether another running process of the endpoint accepts connections. A process of another version, whose page
    /// can't be read, counts as one.
    package func anotherServes() -> Bool {
        let others = snapshots()
        return others.readable.contains { $0.pid != Int(getpid()) && !$0.isDraining } || !others.unreadable.isEmpty
    }

    /// Removes the page from its directory before the process ends.
    package func remove() {
        file?.remove()
    }

    /// Snapshots of every running process of the endpoint, this one included.
    func snapshots() -> ProcessSnapshots {
        file?.snapshots() ?? ProcessSnapshots(readable: [ScoreboardSnapshot(words)])
    }
}
