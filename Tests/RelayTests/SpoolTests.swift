import Glibc
import TestSupport
import Testing

@testable import HTTPClient
@testable import Relay

@Suite struct SpoolTests {
    private static let memory = 1 << 20

    @Test func `Up to a megabyte is kept in memory`() throws {
        var spool = Spool()
        try spool.append(Array("hel".utf8))
        try spool.append(Array("lo".utf8))
        guard case .bytes(let bytes) = spool.body else { throw Spool.Failure(reason: "the data is in a file") }
        #expect(text(bytes) == "hello")
        try spool.append([UInt8](repeating: 0, count: Self.memory - 5))
        guard case .bytes = spool.body else { throw Spool.Failure(reason: "the data is in a file") }
        #expect(spool.count == Self.memory)
    }

    @Test func `More than a megabyte is written to an unnamed file, completely and in order`() throws {
        let sent = (0..<3 * Self.memory + 1).map { UInt8(truncatingIfNeeded: $0 * 31 >> 5) }
        var spool = Spool()
        for start in stride(from: 0, to: sent.count, by: 300_000) {
            try spool.append(Array(sent[start..<min(start + 300_000, sent.count)]))
        }
        guard case .file(let descriptor, let count) = spool.body else {
            throw Spool.Failure(reason: "the data is not in a file")
        }
        #expect(count == sent.count && spool.count == sent.count)
        var status = stat()
        #expect(fstat(descriptor, &status) == 0 && status.st_nlink == 0 && status.st_size == off_t(sent.count))
        #expect(status.st_mode & 0o777 == 0o600)
        var read = [UInt8](repeating: 0, count: sent.count)
        #expect(pread(descriptor, &read, read.count, 0) == read.count)
        #expect(read == sent)
        _ = spool.count
    }

    @Test func `The reason is reported if no file can be created`() async {
        // In another process, because TMPDIR applies to a whole process.
        await #expect(processExitsWith: .success) {
            setenv("TMPDIR", "/nonexistent", 1)
            var spool = Spool()
            do throws(Spool.Failure) {
                try spool.append([UInt8](repeating: 0, count: (1 << 20) + 1))
                exit(1)
            } catch { exit(error.reason == "No such file or directory" ? 0 : 2) }
        }
    }
}
