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
    private let push = PendingPush(taskID: 1 << 62, replacesImages: true, replacesColor: false)

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
            let pending = PendingPush(taskID: 7, sent)
            #expect(pending.affects(try pictures("{\(later)}")) == matters, "\(earlier), then \(later)")
        }
    }

    @Test func `Pending pushes are read by another process in their order, until each is replaced or removed`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let (one, other) = (PushTable(directory: directory.path), PushTable(directory: directory.path))
        func expectPushes(_ expected: [PendingPush]) async throws {
            for table in [one, other] { #expect(try await withSlot(table) { $0.pendingPushes } == expected) }
        }
        try await expectPushes([])
        let lost = PendingPush(taskID: nil, replacesImages: false, replacesColor: true)
        let both = PendingPush(taskID: 1, replacesImages: true, replacesColor: true)
        try await withSlot(one) { $0.add(push) }
        try await withSlot(other) { $0.add(lost) }
        try await withSlot(one) { $0.add(lost) }
        try await expectPushes([push, lost])
        try await withSlot(other) { $0.add(push) }
        try await expectPushes([lost, push])
        try await withSlot(other) { $0.add(both) }
        try await expectPushes([push, both])
        for (table, each) in [(one, push), (other, lost), (other, both)] {
            try await withSlot(table) { $0.remove(each) }
        }
        try await expectPushes([])
    }

    @Test func `A later push that Ozon has accepted supersedes those whose response was lost, if it replaces the same`()
    {
        func push(_ taskID: Int?, _ replaces: String) -> PendingPush {
            PendingPush(
                taskID: taskID, replacesImages: replaces.contains("images"), replacesColor: replaces.contains("color"))
        }
        for (earlier, later, expected) in [
            ("images", "images", true), ("images", "images color", true), ("color", "images color", true),
            ("images", "color", false), ("images color", "images", false), ("images color", "color", false),
        ] {
            #expect(push(nil, earlier).isSuperseded(by: push(7, later)) == expected, "\(earlier), then \(later)")
            #expect(!push(nil, earlier).isSuperseded(by: push(nil, later)))
            #expect(!push(6, earlier).isSuperseded(by: push(7, later)))
        }
    }

    @Test func `A full slot forgets its oldest pending push`() async throws {
        try await withSlot(PushTable()) { slot in
            let pushes = (1...9).map { PendingPush(taskID: $0, replacesImages: true, replacesColor: false) }
            for push in pushes { slot.add(push) }
            #expect(slot.pendingPushes == Array(pushes.dropFirst()))
        }
    }

    @Test func `A pending push expires, which a renewal postpones, and other products' are kept but not read`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let table = PushTable(directory: directory.path)
        let slot = try await withSlot(table) { $0 }
        slot.add(push)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(directory.path)/pushes"))
        let bytes = try #require(try file.readToEnd())
        let start = UInt64(try #require(bytes.firstIndex { $0 != 0 }))
        let record = start / UInt64(PushSlot.bytes) * UInt64(PushSlot.bytes)
        // A record begins with the product's hash, and its expiry is at 24.
        func expiry() throws -> [UInt8] {
            try file.seek(toOffset: record + 24)
            return try Array(file.read(upToCount: 8) ?? Data())
        }
        let first = try expiry()
        try eventually("the renewal has a later expiry") {
            slot.add(push)
            return try expiry() != first
        }
        #expect(slot.pendingPushes == [push])
        try file.seek(toOffset: record)
        try file.write(contentsOf: [UInt8](repeating: 1, count: 15))
        #expect(slot.pendingPushes.isEmpty)
        slot.add(push)
        slot.remove(push)
        try file.seek(toOffset: record)
        #expect(try file.read(upToCount: 16).map(Array.init) == [UInt8](repeating: 1, count: 16))
        slot.add(push)
        try file.seek(toOffset: record + 32 + 24)
        try file.write(contentsOf: [UInt8](repeating: 0, count: 8))
        #expect(slot.pendingPushes.isEmpty)
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
            try await withSlot(table) { $0.add(push) }
            #expect(try await withSlot(table) { $0.pendingPushes } == [push])
        }
    }
}
