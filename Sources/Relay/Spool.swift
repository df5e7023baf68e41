import Glibc
import HTTPClient
import System

/// Collects a body of unknown length: up to 1 MiB in memory, and a longer one in an unnamed file in `TMPDIR` or /tmp.
/// The kernel deletes the file when its descriptor is closed, even if the process crashes.
struct Spool: ~Copyable {
    private static let memoryLimit = 1 << 20
    private var bytes: [UInt8] = []
    private var descriptor: Int32 = -1
    private(set) var count = 0

    struct Failure: Error {
        /// The error's text: `No space left on device`.
        let reason: String
    }

    init() {}

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    mutating func append(_ more: [UInt8]) throws(Failure) {
        count += more.count
        bytes += more
        if descriptor < 0, bytes.count <= Self.memoryLimit { return }
        if descriptor < 0 { descriptor = try Self.openTemporaryFile() }
        guard writeAll(bytes, to: descriptor) else { throw Failure(reason: errnoText()) }
        bytes = []
    }

    /// Valid while the spool lives.
    var body: HTTPClient.Request.Body {
        if descriptor >= 0 { return .file(descriptor: descriptor, count: count) }
        return .bytes(bytes)
    }

    private static func openTemporaryFile() throws(Failure) -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let descriptor = open(folder, O_RDWR | O_CLOEXEC | O_TMPFILE, 0o600)
        guard descriptor >= 0 else { throw Failure(reason: errnoText()) }
        if Descriptors.isReserved(descriptor) {
            close(descriptor)
            throw Failure(reason: errnoText(EMFILE))
        }
        return descriptor
    }
}

/// `__O_TMPFILE | O_DIRECTORY` of <fcntl.h>, a macro that Swift does not import.
private let O_TMPFILE: Int32 = 0o20_000_000 | 0o200_000
