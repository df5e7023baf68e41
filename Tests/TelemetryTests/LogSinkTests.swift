import Foundation
import Synchronization
import Testing

@testable import Telemetry

/// A pipe or a pair of sockets, with a log that writes to one end.
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

    /// The bytes that have been written since the last call.
    func bytes() -> [UInt8] {
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(reading, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// The lines that have been written since the last call.
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
    @Test func `Lines are buffered up to the size of an atomic pipe write and leave together`() throws {
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
        #expect(bytes.count { $0 == UInt8(ascii: "\n") } == written - 1, "all but the last line, which did not fit")
    }

    @Test(arguments: [Log.Level.warning, .error])
    func `A warning or an error is written at once, together with the lines buffered before it`(level: Log.Level) throws
    {
        let reader = try Reader()
        let log = reader.log()
        log(.info, "first")
        log(level, "second")
        #expect(try reader.lines().map { $0["message"] as? String } == ["first", "second"])
    }

    @Test(arguments: [false, true])
    func `A stalled reader blocks no one, and the next line it reads has the number of dropped lines`(
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
        #expect(before.compactMap { $0["n"] as? Int } == Array(0..<written - 1), "the lines are complete and in order")
        log(.info, "again")
        log(.info, "and again")
        log.flush()
        let after = try reader.lines()
        #expect(after.map { $0["message"] as? String } == ["again", "and again"])
        #expect(after.map { $0["dropped"] as? Int } == [8, nil])
    }

    @Test func `Other users of the pipe keep their blocking descriptor`() throws {
        let reader = try Reader()
        reader.log()(.error, "line")
        #expect(fcntl(reader.writing, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test(arguments: [false, true])
    func `A reader that has closed the pipe costs one dropped line per write and nothing else`(socket: Bool) throws {
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
    func `A pipe that cannot be reopened is polled before each write`() throws {
        let reader = try Reader()
        #expect(chmod("/proc/self/fd/\(reader.writing)", 0) == 0)
        // For file access, only this thread is another user for a moment.
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

    @Test func `A line longer than an atomic pipe write is dropped, and texts are cut to fit`() throws {
        let reader = try Reader()
        let log = reader.log()
        log(.info, "long") { $0.member("text", String(repeating: "x", count: 4096)) }
        log(.info, "next")
        log.flush()
        #expect(try reader.lines().map { $0["message"] as? String } == ["next"])
        #expect(truncated("abc", toBytes: 3) == "abc" && truncated("abcd", toBytes: 3) == "abc")
    }

    @Test func `A closed log descriptor is reserved, so that nothing else opened gets its number`() throws {
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

    @Test func `Nothing is written below the log level`() throws {
        let reader = try Reader()
        reader.log()(.debug, "line")
        #expect(try reader.lines().isEmpty)
    }
}
