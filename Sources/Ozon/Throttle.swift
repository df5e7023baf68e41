import Synchronization

/// Spaces a seller's calls after Ozon's rate limit: 50 requests a second for a Client-Id over all methods, some methods
/// only 2. The spacing is remembered for a minute, by Client-Id and Api-Key together (so that a wrong key can't slow
/// down the owner of the Client-Id), and no call waits longer than that. A quota of items isn't remembered, because it
/// concerns one call alone.
///
/// Holds a hash of the credential, not the credential.
final class Throttle: Sendable {
    struct Turn: Equatable {
        let wait: Duration
        /// The wait is longer than the call has time: it must not be sent, and has reserved nothing.
        let isRefused: Bool
    }

    private struct Slot {
        var next: ContinuousClock.Instant
        let interval: Duration
        let until: ContinuousClock.Instant
    }

    private static let usual = 10
    private static let longest = Duration.seconds(60)
    private let slots = Mutex<[Int: Slot]>([:])

    /// Reserves the credential's next time slot, unless it lies beyond what the call may take.
    func turn(_ credential: Credential, within limit: Duration) -> Turn {
        let now = ContinuousClock.now
        let key = Self.key(credential)
        return slots.withLock { slots in
            guard var slot = slots[key] else { return Turn(wait: .zero, isRefused: false) }
            if slot.until <= now, slot.next <= now {
                slots[key] = nil
                return Turn(wait: .zero, isRefused: false)
            }
            let turn = max(now, slot.next)
            let wait = now.duration(to: turn)
            if wait >= limit || wait > Self.longest { return Turn(wait: min(wait, Self.longest), isRefused: true) }
            slot.next = turn + slot.interval
            slots[key] = slot
            return Turn(wait: wait, isRefused: false)
        }
    }

    /// - Parameter perSecond: what Ozon's message names as the method's rate, if it does.
    func slowDown(_ credential: Credential, perSecond: Int?, after wait: Duration) {
        let now = ContinuousClock.now
        let interval = Duration.seconds(1) / max(perSecond ?? Self.usual, 1)
        let slot = Slot(next: now + min(wait, Self.longest), interval: interval, until: now + Self.longest)
        slots.withLock { slots in
            if slots.count > 10_000 { slots = slots.filter { $0.value.until > now } }
            if slots.count > 10_000 { slots = [:] }
            slots[Self.key(credential)] = slot
        }
    }

    private static func key(_ credential: Credential) -> Int {
        var hasher = Hasher()
        hasher.combine(credential.clientID)
        hasher.combine(credential.apiKey)
        return hasher.finalize()
    }
}
