import Glibc
import Synchronization

/// Where log lines go. They are buffered until `flush`, or until there are 4096 bytes of them, and then written at
/// once. A slow reader of the log doesn't hold up requests:
///
/// - A socket (journald's): sent with MSG_DONTWAIT.
/// - A pipe or terminal: opened once more through /proc, non-blocking, because O_NONBLOCK on the descriptor itself
///   would hold for every process that shares it. Where that isn't allowed (another user's pipe), poll(2) precedes each
///   write; the write can block if another process fills the pipe in between.
/// - A file: written to as it is, at the speed of its disk.
///
/// Lines that aren't taken at once (the reader is too slow or gone, the disk is full) are dropped and counted; the next
/// line that gets through says how many, as `dropped`. A write has at most PIPE_BUF (4096) bytes, so that a pipe takes
/// each whole or not at all, however many processes share it. A line that a full disk cut off is ended by a newline
/// before the next one.
package final class LogSink: Sendable {
    private enum Kind {
        case socket, file
        case pipe(needsPoll: Bool)
    }

    private struct Buffer {
        var bytes: [UInt8] = []
        /// Where each line ends, and how many dropped lines it reports.
        var lines: [(end: Int, reported: Int)] = []
        /// Dropped since a line reported it.
        var dropped = 0
        var isTorn = false
    }

    static let maxWrite = 4096
    private let descriptor: Int32
    private let kind: Kind
    private let buffer = Mutex(Buffer())
    private let onDrop: @Sendable (Int) -> Void

    /// - Parameter onDrop: called with the number of lines that were dropped.
    package init(_ descriptor: Int32, onDrop: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.onDrop = onDrop
        // Writing to a pipe whose reader has gone must return EPIPE, not raise SIGPIPE.
        signal(SIGPIPE, SIG_IGN)
        var information = stat()
        fstat(descriptor, &information)
        switch information.st_mode & S_IFMT {
        case S_IFSOCK: (self.descriptor, kind) = (descriptor, .socket)
        case S_IFIFO,
            S_IFCHR where isatty(descriptor) == 1:
            let own = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            (self.descriptor, kind) = (own >= 0 ? own : descriptor, .pipe(needsPoll: own < 0))
        default: (self.descriptor, kind) = (descriptor, .file)
        }
    }

    /// Opens /dev/null on the descriptor if it is closed, so that the next file opened doesn't get its number, and our
    /// lines. To be called before anything is opened.
    package static func reserve(_ descriptor: Int32) {
        if fcntl(descriptor, F_GETFD) < 0 { dup2(open("/dev/null", O_WRONLY), descriptor) }
    }

    /// How many lines were dropped since one got through. The line that is written next reports them.
    func takeDropped() -> Int {
        buffer.withLock { buffer in
            defer { buffer.dropped = 0 }
            return buffer.dropped
        }
    }

    /// - Parameters:
    ///   - reporting: the number of dropped lines that this line reports.
    ///   - isUrgent: the line doesn't wait for others.
    func write(_ line: [UInt8], reporting: Int, isUrgent: Bool) {
        buffer.withLock { buffer in
            // A byte is kept for the newline that ends a torn line.
            guard line.count < Self.maxWrite else { return drop([(0, reporting)], &buffer) }
            if buffer.bytes.count + line.count >= Self.maxWrite { flush(&buffer) }
            buffer.bytes += line
            buffer.lines.append((buffer.bytes.count, reporting))
            if isUrgent { flush(&buffer) }
        }
    }

    /// Writes the lines that wait.
    package func flush() {
        buffer.withLock { flush(&$0) }
    }

    private func flush(_ buffer: inout Buffer) {
        if buffer.lines.isEmpty { return }
        let mark = buffer.isTorn ? [UInt8(ascii: "\n")] : []
        let written = put(mark.isEmpty ? buffer.bytes : mark + buffer.bytes) - mark.count
        if written < buffer.bytes.count {
            drop(buffer.lines.filter { $0.end > written }, &buffer)
            let wholeLines = buffer.lines.last { $0.end <= written }?.end ?? 0
            if written > -mark.count { buffer.isTorn = written > wholeLines }
        } else {
            buffer.isTorn = false
        }
        buffer.bytes.removeAll(keepingCapacity: true)
        buffer.lines.removeAll(keepingCapacity: true)
    }

    private func drop(_ lines: [(end: Int, reported: Int)], _ buffer: inout Buffer) {
        for line in lines { buffer.dropped += 1 + line.reported }
        onDrop(lines.count)
    }

    private func put(_ bytes: [UInt8]) -> Int {
        switch kind {
        case .socket: return send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        case .file: return Glibc.write(descriptor, bytes, bytes.count)
        case .pipe(let needsPoll):
            if needsPoll {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard Glibc.poll(&poll, 1, 0) == 1 else { return -1 }
            }
            return Glibc.write(descriptor, bytes, bytes.count)
        }
    }
}
