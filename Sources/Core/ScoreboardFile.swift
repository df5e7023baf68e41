import Glibc
import Synchronization

/// A scoreboard's page as a file `NAME.PID.status`, mapped by its process and readable by the others of the same endpoint:
/// a status request reaches any one of those that share a socket, and that one tells of all.
///
/// The process holds a lock on it as long as it lives; whoever meets one without a lock removes it. Made under another
/// name and renamed when complete. Belongs to its user alone.
final class ScoreboardFile: @unchecked Sendable {
    let memory: UnsafeMutableRawPointer
    private let folder: String
    private let endpoint: String
    private let path: String

    private static let suffix = ".status"

    /// nil: the folder can't be written to, or has no room.
    init?(folder: String, endpoint: String) {
        self.folder = folder
        self.endpoint = endpoint
        path = "\(folder)/\(endpoint).\(getpid())\(Self.suffix)"
        let file = open("\(path).new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        // Given room beforehand: on a full disk the first write to the page would be a SIGBUS.
        guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0, posix_fallocate(file, 0, Layout.bytes) == 0,
            let memory = mmap(nil, Layout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else {
            if file >= 0 {
                unlink("\(path).new")
                close(file)
            }
            return nil
        }
        // The descriptor stays open: it holds the lock.
        self.memory = memory
    }

    func publish() {
        rename("\(path).new", path)
    }

    func remove() {
        unlink(path)
    }

    func readings() -> (known: [Reading], unknown: [Int]) {
        var (known, unknown) = ([Reading](), [Int]())
        for pid in pids() {
            let path = "\(folder)/\(endpoint).\(pid)\(Self.suffix)"
            // What others may have put here, in a folder that is everybody's, is neither waited for nor believed.
            let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            defer { close(file) }
            var information = stat()
            guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
                information.st_uid == geteuid()
            else { continue }
            if flock(file, LOCK_SH | LOCK_NB) == 0 {
                unlink(path)
            } else if let reading = Self.reading(file, information.st_size), reading.isKnown {
                known.append(reading)
            } else {
                unknown.append(pid)
            }
        }
        return (known, unknown)
    }

    private static func reading(_ file: Int32, _ bytes: Int) -> Reading? {
        guard bytes >= Layout.bytes,
            let memory = mmap(nil, Layout.bytes, PROT_READ, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { return nil }
        defer { munmap(memory, Layout.bytes) }
        return Reading(memory.assumingMemoryBound(to: Atomic<UInt64>.self))
    }

    private func pids() -> [Int] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var pids: [Int] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("\(endpoint)."), name.hasSuffix(Self.suffix),
                let pid = Int(name.dropFirst(endpoint.utf8.count + 1).dropLast(Self.suffix.utf8.count))
            else { continue }
            pids.append(pid)
        }
        return pids.sorted()
    }
}
