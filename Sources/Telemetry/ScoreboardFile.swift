import Glibc
import Synchronization
import System

/// A scoreboard's page as a file `NAME.PID.status`, mapped by its process and readable by the endpoint's other
/// processes. A status request reaches any one of the processes that share a socket, and that process reports on all of
/// them.
///
/// A process holds a lock on its file as long as it runs. Unlocked files are removed when a process of the endpoint
/// starts and whenever snapshots are taken. A file is created under another name and renamed when complete. Only its
/// owner may read it.
final class ScoreboardFile: @unchecked Sendable {
    let memory: UnsafeMutableRawPointer
    private let directory: String
    private let endpoint: String
    private let path: String

    private static let suffix = ".status"
    private static let temporarySuffix = ".new"

    /// Nil if the directory can't be written to or the disk is full.
    init?(directory: String, endpoint: String) {
        self.directory = directory
        self.endpoint = endpoint
        path = "\(directory)/\(endpoint).\(getpid())\(Self.suffix)"
        // Removes the files of processes that were killed.
        Self.forEachPage(of: endpoint, in: directory) { _, _, _ in }
        guard let file = openOwnFile(path + Self.temporarySuffix) else { return nil }
        // Allocates the blocks now: on a full disk, the first write to the mapped page would raise SIGBUS.
        guard Self.lock(file), posix_fallocate(file, 0, ScoreboardLayout.bytes) == 0,
            let memory = mmap(nil, ScoreboardLayout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            memory != MAP_FAILED
        else {
            unlink(path + Self.temporarySuffix)
            close(file)
            return nil
        }
        // The descriptor stays open: it holds the lock.
        self.memory = memory
    }

    /// Locks the file. Tries for up to 100 ms, because a process that looks for dead ones may hold the lock for a
    /// moment. Returns false if that fails.
    private static func lock(_ file: Int32) -> Bool {
        for _ in 0..<100 {
            if flock(file, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(1000)
        }
        return false
    }

    func publish() {
        rename(path + Self.temporarySuffix, path)
    }

    func remove() {
        unlink(path)
    }

    func snapshots() -> ProcessSnapshots {
        var snapshots = ProcessSnapshots()
        Self.forEachPage(of: endpoint, in: directory) { pid, file, bytes in
            if let snapshot = Self.snapshot(file, bytes), snapshot.isReadable {
                snapshots.readable.append(snapshot)
            } else {
                snapshots.unreadable.append(pid)
            }
        }
        return snapshots
    }

    /// Calls the body for the page of each running process, and removes the files of dead ones, complete or not.
    private static func forEachPage(
        of endpoint: String, in directory: String, _ body: (_ pid: Int, _ file: Int32, _ bytes: Int) -> Void
    ) {
        for (name, pid) in pages(of: endpoint, in: directory) {
            let path = "\(directory)/\(name)"
            // Not blocking, if it is a pipe of another user's.
            let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            defer { close(file) }
            guard let size = size(ofOwnFile: file) else { continue }
            let isDead = flock(file, LOCK_SH | LOCK_NB) == 0
            if name.hasSuffix(Self.suffix) {
                if isDead { unlink(path) } else { body(pid, file, size) }
            } else if isDead, kill(pid_t(truncatingIfNeeded: pid), 0) != 0, errno == ESRCH {
                // A file that is being created isn't locked yet, so its process must have ended as well.
                unlink(path)
            }
        }
    }

    private static func snapshot(_ file: Int32, _ bytes: Int) -> ScoreboardSnapshot? {
        guard bytes >= ScoreboardLayout.bytes,
            let memory = mmap(nil, ScoreboardLayout.bytes, PROT_READ, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { return nil }
        defer { munmap(memory, ScoreboardLayout.bytes) }
        return ScoreboardSnapshot(memory.assumingMemoryBound(to: Atomic<UInt64>.self))
    }

    /// `NAME.PID.status`, and `NAME.PID.status.new` for files that are being created; sorted by process id.
    private static func pages(of endpoint: String, in directory: String) -> [(name: String, pid: Int)] {
        guard let listing = opendir(directory) else { return [] }
        defer { closedir(listing) }
        var pages: [(name: String, pid: Int)] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("\(endpoint)."),
                let suffix = [suffix, suffix + temporarySuffix].first(where: name.hasSuffix),
                let pid = Int(name.dropFirst(endpoint.utf8.count + 1).dropLast(suffix.utf8.count))
            else { continue }
            pages.append((name, pid))
        }
        return pages.sorted { $0.pid < $1.pid }
    }
}
