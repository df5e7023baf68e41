import Synchronization
import System

/// The mailboxes of all connections by index. They are reused. The capacity is the limit on descriptors at startup, at
/// most 65,536.
final class ConnectionTable: @unchecked Sendable {
    private let mailboxes: UnsafeMutablePointer<Mailbox<Connection>?>
    private let capacity: Int
    private let createdCount = Mutex(0)
    private let free = OwnershipQueue<Connection>()

    init() {
        capacity = min(Descriptors.limit, 65_536)
        mailboxes = .allocate(capacity: capacity)
        mailboxes.initialize(repeating: nil, count: capacity)
    }

    subscript(index: UInt32) -> Mailbox<Connection> { mailboxes[Int(index)]! }

    var openCount: Int { createdCount.withLock { $0 - free.count } }

    /// Nil if the table is full.
    func acquire() -> Ownership<Connection>? {
        if let connection = free.removeFirst() { return connection }
        return createdCount.withLock { count in
            guard count < capacity else { return nil }
            let connection = Mailbox.make(index: UInt32(count), Connection())
            mailboxes[count] = connection.mailbox
            count += 1
            return connection
        }
    }

    func release(_ connection: consuming Ownership<Connection>) { free.append(connection) }

    /// All mailboxes, in use or free.
    var all: [Mailbox<Connection>] { createdCount.withLock { (0..<$0).map { mailboxes[$0]! } } }
}
