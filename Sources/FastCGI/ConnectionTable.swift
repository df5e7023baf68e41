import Descriptors
import Synchronization

/// Every connection's mailbox, by index. Free ones are used again; there are at most as many as the process may have
/// descriptors when it starts.
final class ConnectionTable: @unchecked Sendable {
    private let mailboxes: UnsafeMutablePointer<Mailbox<Connection>?>
    private let capacity: Int
    private let made = Mutex(0)
    private let free = OwnershipQueue<Connection>()

    init() {
        capacity = min(Descriptors.limit, 65_536)
        mailboxes = .allocate(capacity: capacity)
        mailboxes.initialize(repeating: nil, count: capacity)
    }

    subscript(index: UInt32) -> Mailbox<Connection> { mailboxes[Int(index)]! }

    /// How many connections are open.
    var open: Int { made.withLock { $0 - free.count } }

    /// nil: the table is full.
    func take() -> Ownership<Connection>? {
        if let connection = free.removeFirst() { return connection }
        return made.withLock { made in
            guard made < capacity else { return nil }
            let connection = Mailbox.make(index: UInt32(made), Connection())
            mailboxes[made] = connection.mailbox
            made += 1
            return connection
        }
    }

    func give(_ connection: consuming Ownership<Connection>) { free.append(connection) }

    /// Those that are open, and those that were.
    var all: [Mailbox<Connection>] { made.withLock { (0..<$0).map { mailboxes[$0]! } } }
}
