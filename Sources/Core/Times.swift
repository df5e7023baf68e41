import Synchronization

/// Where a request's time goes. Each kind counts the time during which at least one of its kind was under way, so that
/// none exceeds the whole, however many transfers run side by side; the kinds overlap. What is left when nothing at all was
/// under way is the process's own.
final class Times: Sendable {
    enum Kind {
        case upstream(Upstream)
        /// For a transfer's turn.
        case slot
        /// Between attempts, or between questions.
        case pause
        /// For the caller to take what is sent.
        case client

        fileprivate var index: Int {
            switch self {
            case .upstream(let upstream): upstream.rawValue
            case .slot: 3
            case .pause: 4
            case .client: 5
            }
        }
    }

    private struct Span {
        var active = 0
        var since = 0
        var total = 0

        mutating func begin(_ now: Int) {
            if active == 0 { since = now }
            active += 1
        }

        mutating func end(_ now: Int) {
            active -= 1
            if active == 0 { total += now - since }
        }

        /// Milliseconds; what is still under way counts until now.
        func milliseconds(_ now: Int) -> Int {
            (total + (active > 0 ? now - since : 0)) / 1_000_000
        }
    }

    private struct State {
        /// Of each kind; the last of all together.
        var spans = InlineArray<7, Span>(repeating: Span())
        var calls: InlineArray<3, Int> = [0, 0, 0]
        var retries = 0
        var images = (copied: 0, failed: 0, bytes: 0)
    }

    private let state = Mutex(State())

    func begin(_ kind: Kind) {
        let now = nanoseconds()
        state.withLock {
            $0.spans[kind.index].begin(now)
            $0.spans[6].begin(now)
        }
    }

    func end(_ kind: Kind) {
        let now = nanoseconds()
        state.withLock {
            $0.spans[kind.index].end(now)
            $0.spans[6].end(now)
        }
    }

    /// One call to an upstream has ended.
    func count(_ upstream: Upstream, isRetry: Bool) {
        state.withLock {
            $0.calls[upstream.rawValue] += 1
            if isRetry { $0.retries += 1 }
        }
    }

    /// An image was copied, of so many bytes; nil: it was not.
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

    /// `"ozon_calls": 1, "ozon_ms": 40, "retries": 1, "images_copied": 5`: of what there was.
    func writeCalls(to json: inout JSONWriter) {
        let (now, state) = (nanoseconds(), state.withLock { $0 })
        for upstream in Upstream.allCases where state.calls[upstream.rawValue] > 0 {
            json.member(named: "\(upstream.name)_calls", state.calls[upstream.rawValue])
            json.member(named: "\(upstream.name)_ms", state.spans[upstream.rawValue].milliseconds(now))
        }
        if state.retries > 0 { json.member("retries", state.retries) }
        guard state.images.copied + state.images.failed > 0 else { return }
        json.member("images_copied", state.images.copied)
        json.member("images_failed", state.images.failed)
        json.member("relayed_bytes", state.images.bytes)
    }

    /// The rest of a slow request's time.
    func writeWaits(to json: inout JSONWriter, whole: Int) {
        let (now, spans) = (nanoseconds(), state.withLock { $0.spans })
        json.member("slot_ms", spans[3].milliseconds(now))
        json.member("pause_ms", spans[4].milliseconds(now))
        json.member("client_ms", spans[5].milliseconds(now))
        json.member("own_ms", max(whole - spans[6].milliseconds(now), 0))
    }
}
