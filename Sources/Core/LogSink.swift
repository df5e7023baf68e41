import Glibc
import Synchronization

/// Where log lines go, one write each. It never waits: a request isn't held up by whoever reads the log.
///
/// - A socket (journald's): sent with MSG_DONTWAIT.
/// - A pipe or terminal: opened once more through /proc, non-blocking, because O_NONBLOCK on the descriptor itself would
///   hold for everyone who shares it. Where that isn't allowed (another user's pipe), asked by poll(2) before each line.
/// - A file: written to as it is.
///
/// What isn't taken at once (reader too slow or gone, disk full) is dropped and counted; the next line that gets through says
/// how many, as `dropped`. Lines have at most PIPE_BUF (4096) bytes, so that a pipe takes each whole or not at all, however
/// many processes share it. What a full disk cut off is ended by a newline before the next line.
package final class LogSink: Sendable {
    private enum Kind {
        case socket, file
        case pipe(mustAsk: Bool)
    }

    static let maxLine = 4096
    private let descriptor: Int32
    private let kind: Kind
    private let lost = Atomic<Int>(0)
    private let isTorn = Atomic<Bool>(false)
    private let onDrop: @Sendable () -> Void

    /// - Parameter onDrop: called for each line that is dropped.
    package init(_ descriptor: Int32, onDrop: @escaping @Sendable () -> Void = {}) {
        self.onDrop = onDrop
        // A reader that has gone shall be EPIPE.
        signal(SIGPIPE, SIG_IGN)
        var information = stat()
        fstat(descriptor, &information)
        switch information.st_mode & S_IFMT {
        case S_IFSOCK: (self.descriptor, kind) = (descriptor, .socket)
        case S_IFIFO,
            S_IFCHR where isatty(descriptor) == 1:
            let own = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            (self.descriptor, kind) = (own >= 0 ? own : descriptor, .pipe(mustAsk: own < 0))
        default: (self.descriptor, kind) = (descriptor, .file)
        }
    }

    /// To be called before anything is opened: if the descriptor is closed, the next thing would get its number, and our lines.
    package static func reserve(_ descriptor: Int32) {
        if fcntl(descriptor, F_GETFD) < 0 { dup2(open("/dev/null", O_WRONLY), descriptor) }
    }

    /// How many lines were dropped since one got through. Whoever takes them has to tell them in the line it writes next.
    func takeLost() -> Int {
        lost.load(ordering: .relaxed) == 0 ? 0 : lost.exchange(0, ordering: .relaxed)
    }

    /// - Parameter telling: the lost lines that this one tells.
    func write(_ line: [UInt8], telling count: Int) {
        let wasTorn = isTorn.load(ordering: .relaxed) && isTorn.exchange(false, ordering: .relaxed)
        let bytes = wasTorn ? [UInt8(ascii: "\n")] + line : line
        let written = bytes.count > Self.maxLine ? -1 : put(bytes)
        if written == bytes.count { return }
        if written > 0 || wasTorn { isTorn.store(true, ordering: .relaxed) }
        lost.add(count + 1, ordering: .relaxed)
        onDrop()
    }

    private func put(_ bytes: [UInt8]) -> Int {
        switch kind {
        case .socket: return send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        case .file: return Glibc.write(descriptor, bytes, bytes.count)
        case .pipe(let mustAsk):
            if mustAsk {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard Glibc.poll(&poll, 1, 0) == 1 else { return -1 }
            }
            return Glibc.write(descriptor, bytes, bytes.count)
        }
    }
}
