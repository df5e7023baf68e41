import Foundation
import TestSupport
import Testing

@testable import Telemetry

extension TemporaryDirectory {
    /// Creates another process's page. A running process keeps its page locked.
    fileprivate func page(_ name: String, _ bytes: [UInt8], isLocked: Bool) throws -> FileHandle {
        #expect(FileManager.default.createFile(atPath: file(name), contents: Data(bytes)))
        let file = try #require(FileHandle(forUpdatingAtPath: file(name)))
        if isLocked { #expect(flock(file.fileDescriptor, LOCK_EX | LOCK_NB) == 0) }
        return file
    }

    fileprivate func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: file(name))))
    }
}

@Suite struct ScoreboardTests {
    private let name = "test.\(getpid()).status"

    @Test func `A snapshot contains exactly what was counted`() throws {
        let board = Scoreboard(endpoint: "test")
        #expect(board.beginRequest() == 1)
        #expect(board.beginRequest() == 2)
        board.endRequest(.ok, nanoseconds: 2_000_000)
        board.add(.signedURLs, 7)
        board.countCall(.r2, .timeout, nanoseconds: 3_000_000_000, isRetry: true)
        let snapshot = try #require(board.snapshots().readable.first)
        #expect((snapshot.pid, snapshot.version) == (Int(getpid()), version))
        #expect((snapshot.requests, snapshot[.inFlight], snapshot[.mostInFlight]) == (2, 1, 2))
        #expect(RequestOutcome.all.filter { snapshot[$0] > 0 } == [.ok])
        #expect((snapshot.latency.count, snapshot.latency.nanoseconds) == (1, 2_000_000))
        #expect(snapshot[.signedURLs] == 7 && snapshot[.relayedBytes] == 0)
        #expect(
            snapshot.calls(.r2, .timeout) == 1 && snapshot.calls(.r2, .ok) == 0 && snapshot.calls(.cdn, .timeout) == 0)
        #expect((snapshot.retries(.r2), snapshot.retries(.ozon)) == (1, 0))
        #expect((snapshot.latency(.r2).count, snapshot.latency(.cdn).count) == (1, 0))
        #expect(!snapshot.isDraining)
        board.setDraining()
        #expect(board.snapshots().readable.first?.isDraining == true)
    }

    @Test func `A duration equal to a bound is counted in its bucket, and a longer one in the next`() throws {
        for (index, bound) in Histogram.bounds.enumerated() {
            #expect(Int(try #require(Double(bound.seconds)) * 1e9) == bound.nanoseconds)
            #expect(Histogram.bucket(bound.nanoseconds) == index, "\(bound)")
            #expect(Histogram.bucket(bound.nanoseconds + 1) == index + 1, "\(bound)")
        }
        #expect(Histogram.bucket(0) == 0)
        #expect(Histogram.bucket(.max) == Histogram.sum - 1)
    }

    @Test func `Concurrent counting loses nothing`() throws {
        let board = Scoreboard(endpoint: "test")
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<10_000 {
                _ = board.beginRequest()
                board.endRequest(.error(.unauthorized), nanoseconds: 1)
            }
        }
        let snapshot = try #require(board.snapshots().readable.first)
        #expect(snapshot[.error(.unauthorized)] == 80_000)
        #expect(snapshot.latency.nanoseconds == 80_000)
        #expect(snapshot[.inFlight] == 0)
        #expect((1...8).contains(snapshot[.mostInFlight]))
    }

    @Test func `The page of a running process is readable by its user only and removed at its end`() throws {
        let directory = try TemporaryDirectory()
        let board = Scoreboard(endpoint: "test", directory: directory.path)
        #expect(directory.names == [name])
        let mode = try FileManager.default.attributesOfItem(atPath: "\(directory.path)/\(name)")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        _ = board.beginRequest()
        // Another process of the same version, with the same counts.
        let other = try directory.page("test.1.status", directory.bytes(name), isLocked: true)
        let snapshots = board.snapshots()
        #expect(snapshots.readable.map { $0[.inFlight] } == [1, 1])
        #expect(snapshots.unreadable.isEmpty)
        #expect(ScoreboardSnapshot(sum: snapshots.readable)[.inFlight] == 2)
        try other.close()
        board.remove()
        #expect(!directory.names.contains(name))
    }

    @Test func `The page of a dead process is removed and not read`() throws {
        let directory = try TemporaryDirectory()
        let board = Scoreboard(endpoint: "test", directory: directory.path)
        _ = try directory.page("test.1.status", directory.bytes(name), isLocked: false)
        #expect(board.snapshots().readable.count == 1)
        #expect(directory.names == [name])
    }

    @Test func `A starting process removes the pages of killed processes, complete or not`() throws {
        let directory = try TemporaryDirectory()
        let first = Scoreboard(endpoint: "test", directory: directory.path)
        first.remove()
        // Process IDs are never this high.
        for name in ["test.999999999.status", "test.999999998.status.new"] {
            _ = try directory.page(name, [1], isLocked: false)
        }
        let running = try directory.page("test.1.status", [1], isLocked: true)
        let board = Scoreboard(endpoint: "test", directory: directory.path)
        #expect(directory.names.sorted() == ["test.1.status", name].sorted())
        try running.close()
        board.remove()
    }

    @Test(arguments: [[], [1, 2, 3], [UInt8](repeating: 7, count: 8192)])
    func `A page of another version is listed but not read`(_ bytes: [UInt8]) throws {
        let directory = try TemporaryDirectory()
        let board = Scoreboard(endpoint: "test", directory: directory.path)
        let file = try directory.page("test.1.status", bytes, isLocked: true)
        let snapshots = board.snapshots()
        #expect((snapshots.readable.count, snapshots.unreadable) == (1, [1]))
        #expect(directory.names.count == 2, "the page belongs to another process")
        try file.close()
    }

    @Test func `The pages of other endpoints and users and other files are left alone`() throws {
        let directory = try TemporaryDirectory()
        let board = Scoreboard(endpoint: "test", directory: directory.path)
        for name in ["test-more.1.status", "test.1.status.new", "test.x.status", "test.sock", "test..status"] {
            _ = try directory.page(name, [], isLocked: false)
        }
        #expect(mkfifo("\(directory.path)/test.2.status", 0o600) == 0)
        let foreign = try directory.page("test.3.status", directory.bytes(name), isLocked: true)
        if geteuid() == 0 { #expect(chown("\(directory.path)/test.3.status", 65534, 65534) == 0) }
        let snapshots = board.snapshots()
        #expect((snapshots.readable.count, snapshots.unreadable) == (geteuid() == 0 ? 1 : 2, []))
        #expect(directory.names.count == 8)
        try foreign.close()
    }

    @Test(arguments: ["/nonexistent", "/proc"])
    func `Without a writable directory a process reports only itself`(_ directory: String) {
        let board = Scoreboard(endpoint: "test", directory: directory)
        _ = board.beginRequest()
        #expect(board.snapshots().readable.map { $0[.inFlight] } == [1])
        board.remove()
    }
}
