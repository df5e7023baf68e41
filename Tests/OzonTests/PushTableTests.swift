import Foundation
import TestSupport
import Testing

@testable import Core
@testable import Ozon
@testable import System

private actor Counter {
    private var running = 0
    private(set) var most = 0

    func begin() {
        running += 1
        most = max(most, running)
    }

    func end() { running -= 1 }
}

@Suite(.timeLimit(.minutes(1)))
struct PushTableTests {
    private let product = ProductKey(clientID: "1", productID: 1)
    private let push = PendingPush(taskID: 1 << 62, offerID: "Артикул", replacesImages: true, replacesColor: false)

    private func withSlot<Value: Sendable>(
        _ table: PushTable, seconds: Int = 20, _ work: (PushSlot) async throws -> Value
    ) async throws -> Value {
        try await table.withSlot(of: product, until: .now + .seconds(seconds), work)
    }

    @Test func `A pending push affects only those that omit what it replaces`() throws {
        let (images, color) = (#""images": ["https://h/a"]"#, #""color_image": "https://h/c""#)
        let both = "\(images), \(color)"
        for (earlier, later, matters) in [
            (images, color, true), (images, images, false), (images, both, false), (color, images, true),
            (color, color, false), (color, both, false), (both, images, true), (both, color, true), (both, both, false),
        ] {
            let sent = SentPictures(try pictures("{\(earlier)}"), token: nil)
            let pending = PendingPush(taskID: 7, offerID: "A", sent)
            #expect(pending.affects(try pictures("{\(later)}")) == matters, "\(earlier), then \(later)")
        }
    }

    @Test func `A pending push is read by another process, until it is replaced or finished`() async throws {
        let directory = try TemporaryDirectory()
        let (one, other) = (PushTable(directory: directory.path), PushTable(directory: directory.path))
        #expect(try await withSlot(one) { $0.pendingPush } == nil)
        for offerID in ["Артикул", String(repeating: "a", count: 206)] {
            let push = PendingPush(taskID: 1 << 62, offerID: offerID, replacesImages: false, replacesColor: true)
            try await withSlot(one) { $0.setPendingPush(push) }
            #expect(try await withSlot(other) { $0.pendingPush } == push)
        }
        let long = PendingPush(
            taskID: 1, offerID: String(repeating: "a", count: 207), replacesImages: true, replacesColor: true)
        try await withSlot(one) { $0.setPendingPush(long) }
        let read = try await withSlot(other) { $0.pendingPush }
        #expect(
            read == PendingPush(taskID: 1, offerID: nil, replacesImages: true, replacesColor: true),
            "an offer_id that is too long is not remembered")
        try await withSlot(other) { $0.setPendingPush(nil) }
        #expect(try await withSlot(one) { $0.pendingPush } == nil)
    }

    @Test func `A pending push expires, and another product's in the same slot is not read`() async throws {
        let directory = try TemporaryDirectory()
        let table = PushTable(directory: directory.path)
        let slot = try await withSlot(table) { $0 }
        slot.setPendingPush(push)
        #expect(slot.pendingPush == push)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(directory.path)/pushes"))
        let bytes = try #require(try file.readToEnd())
        let start = try #require(bytes.firstIndex { $0 != 0 })
        // The slot begins with the product's hash, and the time is at 40.
        try file.seek(toOffset: UInt64(start / PushSlot.bytes * PushSlot.bytes + 40))
        try file.write(contentsOf: [UInt8](repeating: 0, count: 8))
        #expect(slot.pendingPush == nil)
        slot.setPendingPush(push)
        try file.seek(toOffset: UInt64(start / PushSlot.bytes * PushSlot.bytes))
        try file.write(contentsOf: [UInt8](repeating: 1, count: 32))
        #expect(slot.pendingPush == nil)
    }

    @Test func `Pushes of one product run one after another, also in different processes`() async throws {
        let directory = try TemporaryDirectory()
        let tables = (0..<3).map { _ in PushTable(directory: directory.path) }
        let counter = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask {
                    try await withSlot(tables[number % 3]) { _ in
                        await counter.begin()
                        try await Task.sleep(for: .milliseconds(5))
                        await counter.end()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await counter.most == 1)
    }

    @Test func `A push that waits for another process's ends by its deadline, and other products don't wait`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let (one, other) = (PushTable(directory: directory.path), PushTable(directory: directory.path))
        try await withSlot(one) { _ in
            await #expect(throws: AsyncSemaphore.TimedOut.self) { try await withSlot(other, seconds: 1) { _ in } }
            try await other.withSlot(of: ProductKey(clientID: "1", productID: 2), until: .now + .seconds(1)) { _ in }
        }
        try await withSlot(other) { _ in }
    }

    @Test func `Without a directory that can be written to, the table is the process's own`() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: "\(directory.path)/pushes", withIntermediateDirectories: false)
        for table in [PushTable(), PushTable(directory: "/nonexistent"), PushTable(directory: directory.path)] {
            try await withSlot(table) { $0.setPendingPush(push) }
            #expect(try await withSlot(table) { $0.pendingPush } == push)
        }
    }
}
