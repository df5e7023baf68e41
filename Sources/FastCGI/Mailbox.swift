import Synchronization

/// State with exactly one owner at a time. No thread waits for it, and only the owner can reach it.
///
/// Any thread can post a signal. If the state has no owner, the thread that posts becomes the owner and runs until no
/// signal is pending; otherwise the current owner sees the signal before it releases the state. One atomic word decides
/// all of this (`MailboxWord`), and `Ownership` is the only way to the state.
///
/// Mailboxes are reused and never freed, so that a late signal meets another generation instead of freed memory. The
/// list of free mailboxes owns those that are not in use.
final class Mailbox<State: ~Copyable>: @unchecked Sendable {
    let index: UInt32
    private let word = Atomic<UInt64>(MailboxWord().bits)
    fileprivate let state: UnsafeMutablePointer<State>
    /// The link of the `OwnershipQueue` that holds this mailbox.
    fileprivate var next: Unmanaged<Mailbox>?

    private init(index: UInt32, _ state: consuming State) {
        self.index = index
        self.state = .allocate(capacity: 1)
        self.state.initialize(to: state)
    }

    /// The right to the state of a new mailbox, which lives as long as the process.
    static func make(index: UInt32, _ state: consuming State) -> Ownership<State> {
        Ownership(Unmanaged.passRetained(Mailbox(index: index, state)))
    }

    /// The current generation, or the last one of a free mailbox.
    var generation: UInt32 { MailboxWord(bits: word.load(ordering: .acquiring)).generation }

    /// Posts signals for one generation of the mailbox, from any thread.
    /// - Returns: the ownership, if nobody has it. nil: the owner will see the signals, or that generation has ended.
    func post(_ signals: Signals, for generation: UInt32) -> Ownership<State>? {
        update { $0.post(signals, for: generation) } ? Ownership(Unmanaged.passUnretained(self)) : nil
    }

    fileprivate func takeSignals() -> Signals? { update { $0.takeSignals() } }
    fileprivate func renew() { update { $0.renew() } }

    /// The step of the word's algorithm as one atomic change.
    private func update<Result>(_ step: (inout MailboxWord) -> Result) -> Result {
        var old = word.load(ordering: .relaxed)
        while true {
            var new = MailboxWord(bits: old)
            let result = step(&new)
            let (exchanged, original) = word.weakCompareExchange(
                expected: old, desired: new.bits, ordering: .acquiringAndReleasing)
            if exchanged { return result }
            old = original
        }
    }
}

/// Events that a connection can receive.
struct Signals: OptionSet, Sendable {
    let rawValue: UInt8
    /// Bytes have come from the peer.
    static let readable = Signals(rawValue: 1)
    /// The peer has closed the connection.
    static let hungUp = Signals(rawValue: 2)
    /// The peer will send no more.
    static let inputEnded = Signals(rawValue: 32)
    /// The socket takes bytes again.
    static let writable = Signals(rawValue: 4)
    /// The handler has written, or has ended.
    static let output = Signals(rawValue: 8)
    /// Close the connection once no request is in progress.
    static let retire = Signals(rawValue: 16)
}

/// A mailbox's word: the generation, whether somebody owns the state, and the signals that wait for the owner. Its
/// three steps are pure; the tests explore every interleaving of them (MailboxTests.swift).
struct MailboxWord: Equatable {
    private(set) var bits: UInt64

    private static let owned: UInt64 = 1 << 8
    private static let pending: UInt64 = 0xFF

    init(bits: UInt64 = MailboxWord.owned) {
        self.bits = bits
    }

    var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
    var isOwned: Bool { bits & Self.owned != 0 }
    var signals: Signals { Signals(rawValue: UInt8(bits & Self.pending)) }

    /// - Returns: true if the caller is the owner from now on.
    mutating func post(_ signals: Signals, for generation: UInt32) -> Bool {
        guard generation == self.generation else { return false }
        let becomesOwner = !isOwned
        bits |= UInt64(signals.rawValue) | Self.owned
        return becomesOwner
    }

    /// For the owner. nil: nothing is pending, and the caller is no longer the owner.
    mutating func takeSignals() -> Signals? {
        let signals = signals
        bits &= signals.isEmpty ? ~Self.owned : ~Self.pending
        return signals.isEmpty ? nil : signals
    }

    /// For the owner, which stays the owner: starts a new generation and discards pending signals.
    mutating func renew() {
        bits = UInt64(generation &+ 1) << 32 | Self.owned
    }
}

/// Exclusive access to a mailbox's state. It can't be copied, and dropping it is a fatal error.
struct Ownership<State: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let unmanaged: Unmanaged<Mailbox<State>>

    fileprivate init(_ mailbox: Unmanaged<Mailbox<State>>) {
        unmanaged = mailbox
    }

    deinit { endProcess() }

    var mailbox: Mailbox<State> { unmanaged.takeUnretainedValue() }

    /// Begins a new generation of the mailbox.
    func renew() { mailbox.renew() }

    func withState<Result>(_ body: (inout State) -> Result) -> Result { body(&mailbox.state.pointee) }

    enum Outcome: ~Copyable {
        /// No signal is pending, and nobody owns the state.
        case released
        case ended(Ownership)
        /// More signals keep coming: others should have their turn first.
        case unfinished(Ownership)
    }

    private static var mostRounds: Int { 8 }

    /// Calls the body with the pending signals until none are left, then releases the ownership.
    /// - Parameter body: returns false if the connection has ended.
    consuming func run(_ body: (inout State, Signals) -> Bool) -> Outcome {
        let mailbox = mailbox
        for _ in 0..<Self.mostRounds {
            guard let signals = mailbox.takeSignals() else {
                _ = unwrap()
                return .released
            }
            guard body(&mailbox.state.pointee, signals) else { return .ended(self) }
        }
        return .unfinished(self)
    }

    fileprivate consuming func unwrap() -> Unmanaged<Mailbox<State>> {
        let unmanaged = unmanaged
        discard self
        return unmanaged
    }
}

private func endProcess() {
    fatalError("an ownership was dropped")
}

/// Ownerships in the order in which they came: of connections that wait for a worker, or of mailboxes that are free.
final class OwnershipQueue<State: ~Copyable>: Sendable {
    private struct List: @unchecked Sendable {
        var first: Unmanaged<Mailbox<State>>?
        var last: Unmanaged<Mailbox<State>>?
        var count = 0
    }

    private let list = Mutex(List())

    var count: Int { list.withLock { $0.count } }
    var isEmpty: Bool { list.withLock { $0.count == 0 } }

    func append(_ ownership: consuming Ownership<State>) {
        let mailbox = ownership.unwrap()
        list.withLock { list in
            mailbox._withUnsafeGuaranteedRef { $0.next = nil }
            list.last?._withUnsafeGuaranteedRef { $0.next = mailbox }
            list.last = mailbox
            if list.first == nil { list.first = mailbox }
            list.count += 1
        }
    }

    func removeFirst() -> Ownership<State>? {
        let first = list.withLock { list -> Unmanaged<Mailbox<State>>? in
            guard let first = list.first else { return nil }
            list.first = first._withUnsafeGuaranteedRef { $0.next }
            if list.first == nil { list.last = nil }
            list.count -= 1
            return first
        }
        return first.map { Ownership($0) }
    }
}
