import Synchronization

@testable import HTTPClient

extension Pipe {
    func put(_ text: String) -> Step { put(Array(text.utf8)) }

    func put(_ count: Int) -> Step { put([UInt8](repeating: 0x61, count: count)) }

    func put(_ bytes: [UInt8]) -> Step { bytes.withUnsafeBytes { write($0) } }

    func take(_ count: Int) -> Step {
        var buffer = [UInt8](repeating: 0, count: count)
        return buffer.withUnsafeMutableBytes { read(into: $0) }
    }
}

final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
