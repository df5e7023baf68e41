/// The atomic word of a mailbox: its generation, whether the state has an owner, and the events that are pending. The
/// three operations are pure; the tests explore every interleaving of them (MailboxTests.swift).
struct MailboxWord: Equatable {
    private(set) var bits: UInt64

    private static let owned: UInt64 = 1 << 8
    private static let pending: UInt64 = 0xFF

    init(bits: UInt64 = MailboxWord.owned) {
        self.bits = bits
    }

    var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
    var isOwned: Bool { bits & Self.owned != 0 }
    var events: ConnectionEvents { ConnectionEvents(rawValue: UInt8(bits & Self.pending)) }

    /// - Returns: true if the calling thread has become the owner.
    mutating func post(_ events: ConnectionEvents, for generation: UInt32) -> Bool {
        guard generation == self.generation else { return false }
        let becomesOwner = !isOwned
        bits |= UInt64(events.rawValue) | Self.owned
        return becomesOwner
    }

    /// Only for the owner. Nil if no event is pending; the ownership has then been released.
    mutating func takeEvents() -> ConnectionEvents? {
        let events = events
        bits &= events.isEmpty ? ~Self.owned : ~Self.pending
        return events.isEmpty ? nil : events
    }

    /// Only for the owner, which remains the owner. Starts a new generation and discards pending events.
    mutating func renew() {
        bits = UInt64(generation &+ 1) << 32 | Self.owned
    }
}
