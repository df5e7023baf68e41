import System
import Glibc
import HTTPClient

/// A body whose length is not known beforehand, kept until it is: in memory up to 1 MB, then in a file without a name,
/// which the kernel takes away with the descriptor, however the process ends.
struct Spool: ~Copyable {
    private static let memory = 1 << 20
    private var bytes: [UInt8] = []
    private var descriptor: Int32 = -1
    private(set) var count = 0

    struct Failure: Error {
        let reason: String
    }

    init() {}

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    mutating func append(_ more: [UInt8]) throws(Failure) {
        count += more.count
        bytes += more
        if descriptor < 0, bytes.count <= Self.memory { return }
        if descriptor < 0 { descriptor = try Self.nameless() }
        var written = 0
        while written < bytes.count {
            let step = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw Failure(reason: String(cString: strerror(errno))) }
            written += step
        }
        bytes = []
    }

    /// Valid while the spool lives.
    var body: HTTPClient.Request.Body {
        if descriptor >= 0 { return .file(descriptor: descriptor, count: count) }
        return .bytes(bytes)
    }

    private static func nameless() throws(Failure) -> Int32 {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let descriptor = open(folder, O_RDWR | O_CLOEXEC | O_TMPFILE, 0o600)
        guard descriptor >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
        if Descriptors.isReserved(descriptor) {
            close(descriptor)
            throw Failure(reason: String(cString: strerror(EMFILE)))
        }
        return descriptor
    }
}

/// `__O_TMPFILE | O_DIRECTORY` of <fcntl.h>, a macro Swift does not import.
private let O_TMPFILE: Int32 = 0o20_000_000 | 0o200_000
