import Synchronization

@testable import HTTPClient

extension Pipe {
    func put(_ text: String) -> String { put(Array(text.utf8)) }

    func put(_ count: Int) -> String { put([UInt8](repeating: 0x61, count: count)) }

    func put(_ bytes: [UInt8]) -> String { told(bytes.withUnsafeBytes { write($0) }) }

    func take(_ count: Int) -> String {
        var buffer = [UInt8](repeating: 0, count: count)
        return told(buffer.withUnsafeMutableBytes { read(into: $0) })
    }
}

private func told(_ step: Pipe.Step) -> String {
    switch step {
    case .count(let count): "\(count)"
    case .wait: "wait"
    case .failed: "failed"
    }
}

final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
