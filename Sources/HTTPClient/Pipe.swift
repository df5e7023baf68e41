import Synchronization

/// A bounded buffer that a download fills. The download is paused while the buffer is full, so that its memory doesn't
/// grow with the file. There is one reader at a time: an upload, or a task that uses `peek` and `next`.
package final class Pipe: Sendable {
    private enum End: Equatable {
        case open, complete
        case failed(TransferError)
    }

    private typealias Wake = @Sendable () -> Void

    private struct State {
        var bytes: [UInt8] = []
        /// The index in `bytes` of the first byte that has not been read.
        var readOffset = 0
        var written = 0
        var end = End.open
        var readerWaits = false
        var writerWaits = false
        var peeker: (count: Int, continuation: CheckedContinuation<Void, Never>)?
        var wakeReader: Wake = {}
        var wakeWriter: Wake = {}
        var cancelWriter: Wake = {}

        var available: Int { bytes.count - readOffset }

        var failure: TransferError? {
            if case .failed(let error) = end { error } else { nil }
        }

        /// Returns the function that wakes the reader if it waits, to be called without the lock.
        mutating func takeReader() -> Wake {
            defer { readerWaits = false }
            if readerWaits { return wakeReader }
            guard let peeker, end != .open || available >= peeker.count else { return {} }
            self.peeker = nil
            return { peeker.continuation.resume() }
        }

        /// Returns the function that wakes the download if it waits and the buffer is at least half empty.
        mutating func takeWriter() -> Wake {
            guard writerWaits, available < Pipe.capacity / 2 else { return {} }
            writerWaits = false
            return wakeWriter
        }
    }

    enum Step: Equatable {
        case count(Int)
        case wait
        case failed
    }

    static let capacity = 256 * 1024
    private let state = Mutex(State())
    private let maxBytes: Int

    /// - Parameter maxBytes: a download of more bytes fails with `tooLarge`.
    package init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    func onReaderWake(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wakeReader = wake } }
    func onWriterWake(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wakeWriter = wake } }
    func onClose(_ cancel: @escaping @Sendable () -> Void) { state.withLock { $0.cancelWriter = cancel } }

    /// Called by the download. It takes all bytes or none.
    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        let (step, wake) = state.withLock { state -> (Step, Wake) in
            if state.end != .open { return (.failed, {}) }
            if state.written + bytes.count > maxBytes {
                state.end = .failed(.tooLarge)
                return (.failed, state.takeReader())
            }
            if state.available > 0, state.available + bytes.count > Self.capacity {
                state.writerWaits = true
                return (.wait, {})
            }
            state.bytes.removeFirst(state.readOffset)
            state.readOffset = 0
            state.bytes += bytes
            state.written += bytes.count
            return (.count(bytes.count), state.takeReader())
        }
        wake()
        return step
    }

    /// Called by the upload. A count of 0 is the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
        let (step, wake) = state.withLock { state -> (Step, Wake) in
            if state.failure != nil { return (.failed, {}) }
            if state.available == 0 {
                if state.end == .complete { return (.count(0), {}) }
                state.readerWaits = true
                return (.wait, {})
            }
            let count = min(buffer.count, state.available)
            state.bytes.withUnsafeBytes {
                buffer.copyMemory(from: .init(rebasing: $0[state.readOffset..<state.readOffset + count]))
            }
            state.readOffset += count
            return (.count(count), state.takeWriter())
        }
        wake()
        return step
    }

    /// Ends the download, successfully if `error` is nil. Later calls have no effect.
    func end(_ error: TransferError?) {
        let wake = state.withLock { state in
            if state.end == .open { state.end = error.map(End.failed) ?? .complete }
            return state.takeReader()
        }
        wake()
    }

    /// Ends both transfers if they are still running.
    package func close() {
        end(.cancelled)
        let cancelWriter = state.withLock(\.cancelWriter)
        cancelWriter()
    }

    /// The next bytes, without removing them: fewer than `count` only at the end.
    package func peek(_ count: Int) async throws(TransferError) -> [UInt8] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.end != .open || state.available >= count { return true }
                    state.peeker = (count, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            close()
        }
        if let failure { throw failure }
        return state.withLock { Array($0.bytes[$0.readOffset...].prefix(count)) }
    }

    /// Waits for bytes and removes all there are; empty at the end.
    package func next() async throws(TransferError) -> [UInt8] {
        _ = try await peek(1)
        let (bytes, wake) = state.withLock { state in
            let bytes = Array(state.bytes[state.readOffset...])
            (state.bytes, state.readOffset) = ([], 0)
            return (bytes, state.takeWriter())
        }
        wake()
        return bytes
    }

    /// Why the download ended early.
    package var failure: TransferError? { state.withLock(\.failure) }

    package var isComplete: Bool { state.withLock { $0.end == .complete } }

    /// Bytes downloaded so far.
    package var written: Int { state.withLock(\.written) }

    /// Whether the upload has read everything that was downloaded so far, and waits for more.
    package var readerWaits: Bool { state.withLock(\.readerWaits) }

    /// Whether the download is paused, or was paused when it ended, because the upload did not keep up with it.
    package var writerWaits: Bool { state.withLock(\.writerWaits) }
}
