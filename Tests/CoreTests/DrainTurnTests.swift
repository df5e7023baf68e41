import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Core

@Suite struct DrainTurnTests {
    private let directory = try! TemporaryDirectory()

    /// A lock as another process holds it: it excludes other open files of the same process as well.
    private func lockOfAnother() throws -> Int32 {
        let file = open(directory.file("drain.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0)
        return file
    }

    @Test func `A process may drain at once if another one serves, and then no other may`() throws {
        let first = DrainTurn(directory: directory.path) { true }
        let second = DrainTurn(directory: directory.path) { true }
        #expect(first.claim())
        #expect(!second.claim())
        #expect(first.claim())
    }

    @Test func `A process may not drain while another one does, and afterwards only once a third one serves`() throws {
        let serves = Mutex(true)
        let turn = DrainTurn(directory: directory.path) { serves.withLock { $0 } }
        let other = try lockOfAnother()
        #expect(!turn.claim())
        serves.withLock { $0 = false }
        close(other)
        #expect(!turn.claim())
        serves.withLock { $0 = true }
        #expect(turn.claim())
    }

    @Test func `If no other process serves, it may drain after three seconds`() throws {
        let turn = DrainTurn(directory: directory.path) { false }
        let seconds = try elapsedSeconds { try eventually("it may drain", within: 20) { turn.claim() } }
        #expect(seconds >= 3)
    }

    @Test func `An unwritable directory, or a lock that is a link, does not keep a process from draining`() throws {
        #expect(DrainTurn(directory: directory.file("none")) { false }.claim())
        try directory.write("precious", "kept")
        #expect(symlink(directory.file("precious"), directory.file("drain.lock")) == 0)
        #expect(DrainTurn(directory: directory.path) { false }.claim())
        #expect(try directory.read("precious") == "kept")
    }
}
