import Foundation
import Synchronization
import Testing

@testable import Telemetry

/// A pipe, or a pair of sockets, and a log that writes to one end.
private final class Reader: Sendable {
    let reading: Int32
    let writing: Int32
    private let drops = Mutex(0)

    init(socket: Bool = false) throws {
        var ends: [Int32] = [0, 0]
        try #require((socket ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) : pipe(&ends)) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    private func count(_ lines: Int) { drops.withLock { $0 += lines } }
    var dropped: Int { drops.withLock { $0 } }

    func log() -> Log {
        Log(endpoint: "test", level: .info, sink: LogSink(writing) { [self] in count($0) })
    }

    /// What has come.
    func bytes() -> [UInt8] {
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(reading, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// What has come, as lines.
    func lines() throws -> [[String: Any]] {
        let bytes = bytes()
        #expect(bytes.isEmpty || bytes.last == UInt8(ascii: "\n"))
        return try bytes.split(separator: UInt8(ascii: "\n")).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct LogSinkTests {
    @Test func `Lines wait for each other, up to what a pipe takes whole, and leave in one write`() throws {
        let reader = try Reader()
        let log = reader.log()
        for number in 0..<3 { log(.info, "line") { $0.member("n", number) } }
        #expect(try reader.lines().isEmpty)
        log.flush()
        #expect(try reader.lines().compactMap { $0["n"] as? Int } == [0, 1, 2])
        log.flush()
        #expect(try reader.lines().isEmpty)
        var written = 0
        var bytes: [UInt8] = []
        while bytes.isEmpty {
            log(.info, "line") { $0.member("n", written) }
            written += 1
            bytes = reader.bytes()
        }
        #expect(bytes.count < 4096 && bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == written - 1, "all but the one that had no room")
    }

    @Test(arguments: [Log.Level.warning, .error])
    func `What an operator should see soon takes the waiting lines along at once`(level: Log.Level) throws {
        let reader = try Reader()
        let log = reader.log()
        log(.info, "first")
        log(level, "second")
        #expect(try reader.lines().map { $0["message"] as? String } == ["first", "second"])
    }

    @Test(arguments: [false, true])
    func `A reader that stops holds nobody up; when it reads again the next line says what was lost`(
        socket: Bool
    ) throws {
        let reader = try Reader(socket: socket)
        let log = reader.log()
        var written = 0
        while reader.dropped == 0 {
            log(.error, "line") { $0.member("n", written) }
            written += 1
            try #require(written < 1_000_000)
        }
        for _ in 0..<4 { log(.error, "line") }
        for _ in 0..<3 { log(.info, "line") }
        log.flush()
        #expect(reader.dropped == 8)
        let before = try reader.lines()
        #expect(before.compactMap { $0["n"] as? Int } == Array(0..<written - 1), "whole lines, in order")
        log(.info, "again")
        log(.info, "and again")
        log.flush()
        let after = try reader.lines()
        #expect(after.map { $0["message"] as? String } == ["again", "and again"])
        #expect(after.map { $0["dropped"] as? Int } == [8, nil])
    }

    @Test func `The pipe's other users keep their blocking descriptor`() throws {
        let reader = try Reader()
        reader.log()(.error, "line")
        #expect(fcntl(reader.writing, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test(arguments: [false, true])
    func `A reader that has gone costs a line each and no more`(socket: Bool) throws {
        let reader = try Reader(socket: socket)
        let log = reader.log()
        let null = open("/dev/null", O_RDONLY)
        dup2(null, reader.reading)
        close(null)
        for _ in 0..<3 { log(.info, "line") }
        log.flush()
        #expect(reader.dropped == 3)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `A pipe that may not be opened again is asked before each line`() throws {
        let reader = try Reader()
        #expect(chmod("/proc/self/fd/\(reader.writing)", 0) == 0)
        // As far as files go, this thread alone is another user for a moment.
        let setUser = try #require(dlsym(nil, "setfsuid"))
        let setfsuid = unsafeBitCast(setUser, to: (@convention(c) (UInt32) -> Int32).self)
        _ = setfsuid(65534)
        let mayOpen = open("/proc/self/fd/\(reader.writing)", O_WRONLY | O_NONBLOCK)
        let log = reader.log()
        _ = setfsuid(0)
        try #require(mayOpen < 0)
        for _ in 0..<20_000 where reader.dropped == 0 { log(.error, "line") }
        #expect(reader.dropped == 1)
        #expect(try reader.lines().count > 100)
    }

    @Test func `A line longer than a pipe takes whole is dropped; what a request's line holds is cut to fit`() throws {
        let reader = try Reader()
        let log = reader.log()
        log(.info, "long") { $0.member("text", String(repeating: "x", count: 4096)) }
        log(.info, "next")
        log.flush()
        #expect(try reader.lines().map { $0["message"] as? String } == ["next"])
        #expect(truncated("abc", toBytes: 3) == "abc" && truncated("abcd", toBytes: 3) == "abc")
    }

    @Test func `A descriptor that is closed is taken by /dev/null, not by the next thing opened`() throws {
        let number = dup(2)
        close(number)
        LogSink.reserve(number)
        let log = Log(endpoint: "test", level: .info, sink: LogSink(number))
        log(.info, "line")
        let next = open("/dev/zero", O_RDONLY)
        #expect(next != number)
        close(next)
        close(number)
    }

    @Test func `Below its level nothing is written`() throws {
        let reader = try Reader()
        reader.log()(.debug, "line")
        #expect(try reader.lines().isEmpty)
    }
}
