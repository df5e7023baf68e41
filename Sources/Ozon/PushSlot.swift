import System

/// A product's slot of the table. It is only used while the slot is locked.
///
/// Its bytes are the hash of the product (32), the task's id (8), the time at which it expires (8), what it replaces
/// (1), the length of the offer_id (1), and the offer_id in UTF-8. Numbers are little-endian.
struct PushSlot: Sendable {
    static let bytes = 256
    private static let headerBytes = 50
    /// Imports finish within minutes, so an older task is considered lost.
    private static let lifetimeMilliseconds = 600_000

    private let table: PushTable
    private let offset: Int
    private let product: [UInt8]

    /// - Parameter product: the hash of the product, 32 bytes.
    init(table: PushTable, offset: Int, product: [UInt8]) {
        self.table = table
        self.offset = offset
        self.product = product
    }

    /// The product's pending push. Nil if there is none, or if it has expired.
    var pendingPush: PendingPush? {
        let bytes = table.read(offset)
        guard bytes.count == Self.bytes, bytes.starts(with: product) else { return nil }
        let rest = number(in: bytes[40..<48]) &- MonotonicClock.milliseconds()
        let count = Int(bytes[49])
        // A later time than possible is of a clock that has been reset.
        guard (1...Self.lifetimeMilliseconds).contains(rest), Self.headerBytes + count <= bytes.count else {
            return nil
        }
        let offerID = String(decoding: bytes[Self.headerBytes..<Self.headerBytes + count], as: UTF8.self)
        return PendingPush(
            taskID: number(in: bytes[32..<40]), offerID: count == 0 ? nil : offerID,
            replacesImages: bytes[48] & 1 != 0, replacesColor: bytes[48] & 2 != 0)
    }

    /// - Parameter push: nil if the last push of the product has finished.
    func setPendingPush(_ push: PendingPush?) {
        guard let push else { return table.write(nil, at: offset) }
        var offerID = push.offerID.map { Array($0.utf8) } ?? []
        if Self.headerBytes + offerID.count > Self.bytes { offerID = [] }
        var bytes = product + littleEndian(push.taskID)
        bytes += littleEndian(MonotonicClock.milliseconds() + Self.lifetimeMilliseconds)
        bytes += [(push.replacesImages ? 1 : 0) | (push.replacesColor ? 2 : 0), UInt8(offerID.count)] + offerID
        bytes += [UInt8](repeating: 0, count: Self.bytes - bytes.count)
        table.write(bytes, at: offset)
    }
}

private func littleEndian(_ value: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

private func number(in bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
}
