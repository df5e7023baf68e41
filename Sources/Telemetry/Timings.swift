import JSON
import Synchronization
import System

/// Wall-clock time that a request spends in each kind of wait, counted once however many run in parallel, so that no
/// kind exceeds the request's duration. Kinds overlap; the time in which none was active is the process's own.
final class Timings: Sendable {
    enum Wait: Int, CaseIterable {
        case ozon, r2, cdn
        /// A copy waits until one of the MAX_TRANSFERS slots is free.
        case slot
        /// The time between two attempts or two polls.
        case pause
        /// The client hasn't read the bytes that were sent yet.
        case client

        init(_ upstream: Upstream) {
            self =
                switch upstream {
                case .ozon: .ozon
                case .r2: .r2
                case .cdn: .cdn
                }
        }
    }

    private struct State {
        /// By `Wait`.
        var stopwatches = InlineArray<6, Stopwatch>(repeating: Stopwatch())
        /// Runs while any wait is active.
        var anyWait = Stopwatch()
        /// By `Upstream`.
        var calls: InlineArray<3, Int> = [0, 0, 0]
        var retries = 0
        var images = (copied: 0, failed: 0, bytes: 0)
    }

    private let state = Mutex(State())

    func begin(_ wait: Wait) {
        let now = MonotonicClock.nanoseconds()
        state.withLock {
            $0.stopwatches[wait.rawValue].start(now)
            $0.anyWait.start(now)
        }
    }

    func end(_ wait: Wait) {
        let now = MonotonicClock.nanoseconds()
        state.withLock {
            $0.stopwatches[wait.rawValue].stop(now)
            $0.anyWait.stop(now)
        }
    }

    func countCall(_ upstream: Upstream, isRetry: Bool) {
        state.withLock {
            $0.calls[upstream.rawValue] += 1
            if isRetry { $0.retries += 1 }
        }
    }

    /// - Parameter bytes: the image's size, or nil if it could not be copied.
    func countImage(_ bytes: Int?) {
        state.withLock {
            if let bytes {
                $0.images.copied += 1
                $0.images.bytes += bytes
            } else {
                $0.images.failed += 1
            }
        }
    }

    /// `"ozon_calls": 1, "ozon_ms": 40, "retries": 1, "images_copied": 5`, without the counts that are zero.
    func writeCalls(to json: inout JSONWriter) {
        let (now, state) = (MonotonicClock.nanoseconds(), state.withLock { $0 })
        for upstream in Upstream.allCases where state.calls[upstream.rawValue] > 0 {
            let stopwatch = state.stopwatches[Wait(upstream).rawValue]
            json.member(named: "\(upstream.name)_calls", state.calls[upstream.rawValue])
            json.member(named: "\(upstream.name)_ms", stopwatch.milliseconds(now))
        }
        if state.retries > 0 { json.member("retries", state.retries) }
        guard state.images.copied + state.images.failed > 0 else { return }
        json.member("images_copied", state.images.copied)
        json.member("images_failed", state.images.failed)
        json.member("relayed_bytes", state.images.bytes)
    }

    /// The other waits, for the log line of a slow request: `"slot_ms": 0, "pause_ms": 500, …, "own_ms": 3`.
    func writeWaits(to json: inout JSONWriter, requestMilliseconds: Int) {
        let (now, state) = (MonotonicClock.nanoseconds(), state.withLock { $0 })
        func milliseconds(_ wait: Wait) -> Int { state.stopwatches[wait.rawValue].milliseconds(now) }
        json.member("slot_ms", milliseconds(.slot))
        json.member("pause_ms", milliseconds(.pause))
        json.member("client_ms", milliseconds(.client))
        json.member("own_ms", max(requestMilliseconds - state.anyWait.milliseconds(now), 0))
    }
}
