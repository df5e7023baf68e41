import Digest
import Glibc
import Synchronization
import System

/// One push at a time for each product, and the pending pushes of each.
///
/// Ozon replaces the whole set of pictures and has no compare-and-set, so a push must read what the previous one wrote.
/// The processes of the endpoint share the table as a file in systemd's runtime directory. Without such a directory, it
/// belongs to one process.
///
/// The table has 65,536 slots of 256 bytes, and a hash of the product determines its slot. Products with the same slot
/// take turns as well. A slot is locked while a push uses it: by a lock in the process, which is granted in the order
/// of the requests, and then by a lock on a byte of it in the file, which ends with the process.
final class PushTable: Sendable {
    /// How often a push tries to lock a slot that another process uses.
    private static let pause = Duration.milliseconds(20)

    /// Nil if the table is this process's.
    private let file: Int32?
    /// Without a file: the bytes of each slot that has been written, by its offset.
    private let slots = Mutex<[Int: [UInt8]]>([:])
    private let locks = KeyedMutex<Int>()

    /// - Parameter directory: the directory of the file. If it is nil or can't be written to, the table is this
    ///   process's.
    init(directory: String? = nil) {
        file = directory.flatMap { openOwnFile("\($0)/pushes") }
    }

    deinit { if let file { close(file) } }

    /// Runs a push while no other one uses its product's slot.
    /// - Throws: CancellationError if cancelled while waiting, or AsyncSemaphore.TimedOut.
    func withSlot<Value: Sendable>(
        of product: ProductKey, until deadline: ContinuousClock.Instant,
        _ push: (PushSlot) async throws -> Value
    ) async throws -> Value {
        let hash = SHA256.digest(Array("\(product.clientID) \(product.productID)".utf8))
        let offset = (Int(hash[0]) << 8 | Int(hash[1])) * PushSlot.bytes
        let start = ContinuousClock.now
        return try await locks.withLock(on: offset, until: deadline) {
            // Another process tries once per pause, and must have a chance between two pushes of this one.
            if file != nil, start.duration(to: .now) > Self.pause { try await Task.sleep(for: Self.pause * 2) }
            while !lock(offset, F_WRLCK) {
                if deadline <= .now { throw AsyncSemaphore.TimedOut() }
                try await Task.sleep(for: Self.pause)
            }
            defer { _ = lock(offset, F_UNLCK) }
            return try await push(PushSlot(table: self, offset: offset, hash: hash))
        }
    }

    /// Sets the lock on the first byte of a slot. It belongs to the open file, not to the process (fcntl(2), "Open
    /// file description locks"). If the file system has no such locks, the push goes on without one.
    /// - Returns: false if another process has locked it.
    private func lock(_ offset: Int, _ type: Int32) -> Bool {
        guard let file else { return true }
        var lock = flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        (lock.l_start, lock.l_len) = (offset, 1)
        return fcntl(file, F_OFD_SETLK, &lock) == 0 || ![EAGAIN, EACCES].contains(errno)
    }

    /// The bytes of a slot that is locked; zeros, or fewer than `PushSlot.bytes`, if it was never written.
    func read(_ offset: Int) -> [UInt8] {
        guard let file else { return slots.withLock { $0[offset] ?? [] } }
        var bytes = [UInt8](repeating: 0, count: PushSlot.bytes)
        let count = pread(file, &bytes, bytes.count, offset)
        return Array(bytes.prefix(max(count, 0)))
    }

    /// Writes all bytes of a slot that is locked, or zeros. If the disk is full, the slot stays as it was, and a
    /// pending push is not remembered.
    func write(_ bytes: [UInt8]?, at offset: Int) {
        guard let file else { return slots.withLock { $0[offset] = bytes } }
        _ = pwrite(file, bytes ?? [UInt8](repeating: 0, count: PushSlot.bytes), PushSlot.bytes, offset)
    }
}

/// The command of fcntl(2), which Swift's Glibc module lacks.
private let F_OFD_SETLK: Int32 = 37
