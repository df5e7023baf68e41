import Synchronization

/// State that has at most one owner at a time. No thread waits for it, and only the owner can access it.
///
/// Any thread can post events. If the state has no owner, the posting thread becomes the owner and queues the ownership
/// for a worker, which runs until no event is pending; otherwise the current owner takes the events before it releases
/// the state. One atomic word decides all of this (`MailboxWord`). The state is accessible only through an `Ownership`,
/// which is why both are in this file.
///
/// Mailboxes are reused and never freed, so that a late event finds another generation instead of freed memory. The
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

    /// Creates a mailbox that is never freed.
    static func make(index: UInt32, _ state: consuming State) -> Ownership<State> {
        Ownership(Unmanaged.passRetained(Mailbox(index: index, state)))
    }

    /// The current generation, or the last one of a free mailbox.
    var generation: UInt32 { MailboxWord(bits: word.load(ordering: .acquiring)).generation }

    /// Posts events for one generation of the mailbox, from any thread.
    /// - Returns: the ownership, if the state had no owner. Otherwise nil: the owner will take the events, or that
    ///   generation has ended.
    func post(_ events: ConnectionEvents, for generation: UInt32) -> Ownership<State>? {
        update { $0.post(events, for: generation) } ? Ownership(Unmanaged.passUnretained(self)) : nil
    }

    fileprivate func takeEvents() -> ConnectionEvents? { update { $0.takeEvents() } }
    fileprivate func renew() { update { $0.renew() } }

    /// Performs an operation of the word as one atomic change.
    private func update<Result>(_ operation: (inout MailboxWord) -> Result) -> Result {
        var old = word.load(ordering: .relaxed)
        while true {
            var new = MailboxWord(bits: old)
            let result = operation(&new)
            let (exchanged, original) = word.weakCompareExchange(
                expected: old, desired: new.bits, ordering: .acquiringAndReleasing)
            if exchanged { return result }
            old = original
        }
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

    enum RunResult: ~Copyable {
        /// No event is pending, and the state has no owner.
        case released
        /// The body has returned false.
        case ended(Ownership)
        /// Events keep arriving; other connections should have their turn first.
        case unfinished(Ownership)
    }

    private static var maxRounds: Int { 8 }

    /// Calls the body with the pending events until none are left, then releases the ownership.
    /// - Parameter body: returns false if the state's use has ended.
    consuming func run(_ body: (inout State, ConnectionEvents) -> Bool) -> RunResult {
        let mailbox = mailbox
        for _ in 0..<Self.maxRounds {
            guard let events = mailbox.takeEvents() else {
                _ = unwrap()
                return .released
            }
            guard body(&mailbox.state.pointee, events) else { return .ended(self) }
        }
        return .unfinished(self)
    }

    fileprivate consuming func unwrap() -> Unmanaged<Mailbox<State>> {
        let unmanaged = unmanaged
        discard self
        return unmanaged
    }
}

/// A function, because the compiler rejects a deinit that never returns.
private func endProcess() {
    fatalError("an ownership was dropped")
}

/// A FIFO queue of ownerships: of connections that are ready for a worker, or of free mailboxes.
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
