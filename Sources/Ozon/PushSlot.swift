import System

/// A slot of the table, with the pending pushes of one product and of those that share the slot. It is only used while
/// it is locked.
///
/// It has up to eight records of 32 bytes, the oldest first: 15 bytes of the product's hash, what the push replaces
/// (1 byte), the task's id (8, zero if it is unknown) and the time at which the record expires (8, in milliseconds).
/// Numbers are little-endian. The rest is zero.
struct PushSlot: Sendable {
    static let bytes = maxRecords * recordBytes
    private static let maxRecords = 8
    private static let recordBytes = 32
    private static let hashBytes = 15

    private let table: PushTable
    private let offset: Int
    private let product: ArraySlice<UInt8>

    /// - Parameter hash: that of the product. Its first two bytes determine the slot.
    init(table: PushTable, offset: Int, hash: [UInt8]) {
        self.table = table
        self.offset = offset
        product = hash[2...].prefix(Self.hashBytes)
    }

    /// The product's pending pushes that have not expired, the oldest first.
    var pendingPushes: [PendingPush] { records.filter { $0.product == product }.map(\.push) }

    /// Adds a pending push of the product, whose lifetime begins now. Equal ones and those that it supersedes are
    /// removed. If the slot is full, one is forgotten: the product's oldest, or else the oldest.
    func add(_ push: PendingPush) {
        var records = records.filter { $0.product != product || $0.push != push && !$0.push.isSuperseded(by: push) }
        if records.count == Self.maxRecords {
            records.remove(at: records.firstIndex { $0.product == product } ?? 0)
        }
        let expiry = MonotonicClock.milliseconds() + push.lifetime.milliseconds
        write(records + [Record(product: product, push: push, expiry: expiry)])
    }

    func remove(_ push: PendingPush) {
        write(records.filter { $0.product != product || $0.push != push })
    }

    /// Those that have not expired.
    private var records: [Record] {
        let bytes = table.read(offset)
        let now = MonotonicClock.milliseconds()
        return (0..<bytes.count / Self.recordBytes).compactMap {
            Record(bytes[($0 * Self.recordBytes)...].prefix(Self.recordBytes), now: now)
        }
    }

    private func write(_ records: [Record]) {
        let bytes = records.flatMap(\.bytes)
        let rest = [UInt8](repeating: 0, count: Self.bytes - bytes.count)
        table.write(bytes.isEmpty ? nil : bytes + rest, at: offset)
    }
}

extension PushSlot {
    private struct Record {
        let product: ArraySlice<UInt8>
        let push: PendingPush
        let expiry: Int

        init(product: ArraySlice<UInt8>, push: PendingPush, expiry: Int) {
            self.product = product
            self.push = push
            self.expiry = expiry
        }

        /// Nil if it has expired or was never written.
        init?(_ bytes: ArraySlice<UInt8>, now: Int) {
            product = bytes.prefix(PushSlot.hashBytes)
            let numbers = bytes.dropFirst(PushSlot.hashBytes)
            let (flags, taskID) = (numbers.first!, number(in: numbers.dropFirst().prefix(8)))
            push = PendingPush(
                taskID: taskID == 0 ? nil : taskID, replacesImages: flags & 1 != 0, replacesColor: flags & 2 != 0)
            expiry = number(in: numbers.suffix(8))
            // An expiry that is further ahead than a lifetime was written before a reboot, which resets the clock.
            guard (1...push.lifetime.milliseconds).contains(expiry &- now) else { return nil }
        }

        var bytes: [UInt8] {
            let flags: UInt8 = (push.replacesImages ? 1 : 0) | (push.replacesColor ? 2 : 0)
            return Array(product) + [flags] + littleEndian(push.taskID ?? 0) + littleEndian(expiry)
        }
    }
}

private func littleEndian(_ value: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

private func number(in bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
}
