import Encoding
import Glibc
import Synchronization

/// Writes log lines to a descriptor. Lines are buffered until `flush`, or until there are 4096 bytes of them. A slow
/// reader of the log doesn't delay requests:
///
/// - A socket (journald's) is written to with MSG_DONTWAIT.
/// - A pipe or terminal is opened again through /proc as non-blocking, because O_NONBLOCK on the descriptor itself
///   would affect every process that shares it. If that isn't permitted (another user's pipe), poll(2) precedes each
///   write, which can still block if another process fills the pipe in between.
/// - A file is written to directly, at the speed of its disk.
///
/// Lines that can't be written at once (because the reader is too slow or gone, or the disk is full) are dropped and
/// counted. The next line that is written has their number as `dropped`. A write has at most PIPE_BUF (4096) bytes, so
/// that a pipe accepts it whole or not at all, even if several processes share the pipe. If a full disk has cut a line
/// off, a newline precedes the next one.
package final class LogSink: Sendable {
    private enum Kind {
        case socket, file
        case pipe(needsPoll: Bool)
    }

    private struct Buffer {
        var bytes: [UInt8] = []
        /// The end of each line in `bytes`, and how many dropped lines it reports.
        var lines: [(end: Int, reported: Int)] = []
        /// Lines dropped and not yet reported.
        var dropped = 0
        /// The last write ended in the middle of a line.
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

    /// Opens /dev/null on the descriptor if it is closed. Call this first: otherwise the next `open` would reuse its
    /// number and receive our log lines.
    package static func reserve(_ descriptor: Int32) {
        if fcntl(descriptor, F_GETFD) < 0 { dup2(open("/dev/null", O_WRONLY), descriptor) }
    }

    /// The number of lines dropped since the last line was written. The next line must report them.
    func takeDropped() -> Int {
        buffer.withLock { buffer in
            defer { buffer.dropped = 0 }
            return buffer.dropped
        }
    }

    /// - Parameters:
    ///   - reporting: the number of dropped lines that this line reports.
    ///   - isUrgent: the buffer is flushed at once.
    func write(_ line: [UInt8], reporting: Int, isUrgent: Bool) {
        buffer.withLock { buffer in
            // One byte is reserved for the newline that ends a torn line.
            guard line.count < Self.maxWrite else { return drop([(0, reporting)], &buffer) }
            if buffer.bytes.count + line.count >= Self.maxWrite { flush(&buffer) }
            buffer.bytes += line
            buffer.lines.append((buffer.bytes.count, reporting))
            if isUrgent { flush(&buffer) }
        }
    }

    package func flush() {
        buffer.withLock { flush(&$0) }
    }

    private func flush(_ buffer: inout Buffer) {
        if buffer.lines.isEmpty { return }
        let separator = buffer.isTorn ? [UInt8.newline] : []
        let written = put(separator.isEmpty ? buffer.bytes : separator + buffer.bytes) - separator.count
        if written < buffer.bytes.count {
            drop(buffer.lines.filter { $0.end > written }, &buffer)
            let wholeLines = buffer.lines.last { $0.end <= written }?.end ?? 0
            if written > -separator.count { buffer.isTorn = written > wholeLines }
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
