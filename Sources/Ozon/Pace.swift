import Synchronization

/// Slows a seller's calls down after Ozon's 429. Ozon allows 50 requests a second to a Client-Id over all methods, some
/// methods only 2; after a 429 that Client-Id's calls are spaced for a minute.
///
/// Remembers a hash of the Client-Id, not the Client-Id.
final class Pace: Sendable {
    private struct Slot {
        var next: ContinuousClock.Instant
        let interval: Duration
        let until: ContinuousClock.Instant
    }

    private static let usual = 10
    private let slots = Mutex<[Int: Slot]>([:])

    /// How long the next call of that client has to wait for its turn, which is taken herewith.
    func turn(_ client: String) -> Duration {
        let now = ContinuousClock.now
        return slots.withLock { slots in
            guard var slot = slots[client.hashValue] else { return .zero }
            if slot.until < now {
                slots[client.hashValue] = nil
                return .zero
            }
            let turn = max(now, slot.next)
            slot.next = turn + slot.interval
            slots[client.hashValue] = slot
            return now.duration(to: turn)
        }
    }

    /// - Parameter perSecond: what Ozon's message names as the method's rate, if it does.
    func slowDown(_ client: String, perSecond: Int?, after wait: Duration) {
        let now = ContinuousClock.now
        let interval = Duration.seconds(1) / max(perSecond ?? Self.usual, 1)
        slots.withLock { slots in
            if slots.count > 10_000 { slots = slots.filter { $0.value.until > now } }
            slots[client.hashValue] = Slot(next: now + wait, interval: interval, until: now + wait + .seconds(60))
        }
    }
}
