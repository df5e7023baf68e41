/// The source of an event, as the 64 bits that epoll keeps for each descriptor.
enum Token {
    case connection(index: UInt32, generation: UInt32)
    case listener(Int)
    case wakeEvent

    /// No connection has this index.
    private static let special: UInt32 = 0xFFFF_FFFF

    init(word: UInt64) {
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let low = UInt32(truncatingIfNeeded: word)
        self =
            if high != Self.special {
                .connection(index: high, generation: low)
            } else if low == Self.special {
                .wakeEvent
            } else {
                .listener(Int(low))
            }
    }

    var word: UInt64 {
        switch self {
        case .connection(let index, let generation): UInt64(index) << 32 | UInt64(generation)
        case .listener(let index): UInt64(Self.special) << 32 | UInt64(index)
        case .wakeEvent: UInt64.max
        }
    }
}
