import Glibc
import Synchronization

/// A scoreboard's page as a file `NAME.PID.status`, mapped by its process and readable by the others of the same endpoint:
/// a status request reaches any one of those that share a socket, and that one tells of all.
///
/// The process holds a lock on it as long as it lives. Pages without a lock are removed when a process of that endpoint
/// starts, and when one reads them. A page is made under another name and renamed when complete; only its user may read
/// it.
final class ScoreboardFile: @unchecked Sendable {
    let memory: UnsafeMutableRawPointer
    private let folder: String
    private let endpoint: String
    private let path: String

    private static let suffix = ".status"
    private static let unfinished = ".new"

    /// nil: the folder can't be written to, or has no room.
    init?(folder: String, endpoint: String) {
        self.folder = folder
        self.endpoint = endpoint
        path = "\(folder)/\(endpoint).\(getpid())\(Self.suffix)"
        Self.sweep(endpoint, in: folder)
        let file = open(path + Self.unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        // Given room beforehand: on a full disk the first write to the page would be a SIGBUS.
        guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0, posix_fallocate(file, 0, Layout.bytes) == 0,
            let memory = mmap(nil, Layout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else {
            if file >= 0 {
                unlink(path + Self.unfinished)
                close(file)
            }
            return nil
        }
        // The descriptor stays open: it holds the lock.
        self.memory = memory
    }

    func publish() {
        rename(path + Self.unfinished, path)
    }

    func remove() {
        unlink(path)
    }

    func readings() -> (known: [Reading], unknown: [Int]) {
        var (known, unknown) = ([Reading](), [Int]())
        Self.forEachPage(of: endpoint, in: folder) { pid, file, bytes in
            if let reading = Self.reading(file, bytes), reading.isKnown {
                known.append(reading)
            } else {
                unknown.append(pid)
            }
        }
        return (known, unknown)
    }

    /// Removes the pages of processes that were killed.
    private static func sweep(_ endpoint: String, in folder: String) {
        forEachPage(of: endpoint, in: folder) { _, _, _ in }
    }

    /// Calls the body for the page of each living process, and removes those of dead ones, complete or not.
    private static func forEachPage(
        of endpoint: String, in folder: String, _ body: (_ pid: Int, _ file: Int32, _ bytes: Int) -> Void
    ) {
        for (name, pid) in pages(of: endpoint, in: folder) {
            let path = "\(folder)/\(name)"
            // The directory may be writable for others: files that aren't ours are neither waited for nor trusted.
            let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            defer { close(file) }
            var information = stat()
            guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
                information.st_uid == geteuid()
            else { continue }
            let isDead = flock(file, LOCK_SH | LOCK_NB) == 0
            if name.hasSuffix(Self.suffix) {
                if isDead { unlink(path) } else { body(pid, file, information.st_size) }
            } else if isDead, kill(pid_t(truncatingIfNeeded: pid), 0) != 0, errno == ESRCH {
                // A page that is being made is not locked at first, so its process must be gone as well.
                unlink(path)
            }
        }
    }

    private static func reading(_ file: Int32, _ bytes: Int) -> Reading? {
        guard bytes >= Layout.bytes,
            let memory = mmap(nil, Layout.bytes, PROT_READ, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { return nil }
        defer { munmap(memory, Layout.bytes) }
        return Reading(memory.assumingMemoryBound(to: Atomic<UInt64>.self))
    }

    /// `NAME.PID.status`, and `NAME.PID.status.new` while it is being made; in the order of their processes.
    private static func pages(of endpoint: String, in folder: String) -> [(name: String, pid: Int)] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var pages: [(name: String, pid: Int)] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("\(endpoint)."),
                let suffix = [suffix, suffix + unfinished].first(where: name.hasSuffix),
                let pid = Int(name.dropFirst(endpoint.utf8.count + 1).dropLast(suffix.utf8.count))
            else { continue }
            pages.append((name, pid))
        }
        return pages.sorted { $0.pid < $1.pid }
    }
}
