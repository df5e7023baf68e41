import Synchronization

/// A bounded buffer between a download and an upload: each pauses the other, so that a transfer's memory doesn't grow
/// with the file. The reading end may be a task that calls `next`, and a task may peek at the first bytes.
package final class Pipe: Sendable {
    private enum End: Equatable {
        case open, complete
        case failed(TransferError)
    }

    private struct State {
        var bytes: [UInt8] = []
        /// The index in `bytes` of the first byte that has not been read.
        var readOffset = 0
        var written = 0
        var end = End.open
        var readerWaits = false
        var writerWaits = false
        var peeker: (count: Int, continuation: CheckedContinuation<Void, Never>)?

        var available: Int { bytes.count - readOffset }

        var failure: TransferError? {
            if case .failed(let error) = end { error } else { nil }
        }

        mutating func takeReader() -> Bool {
            defer { readerWaits = false }
            return readerWaits
        }

        mutating func takePeeker() -> CheckedContinuation<Void, Never>? {
            defer { peeker = nil }
            return peeker?.continuation
        }
    }

    enum Step: Equatable {
        case count(Int)
        case wait
        case failed
    }

    static let capacity = 256 * 1024
    private let state = Mutex(State())
    private let wakeReader = Mutex<(@Sendable () -> Void)?>(nil)
    private let wakeWriter = Mutex<(@Sendable () -> Void)?>(nil)
    private let cancelWriter = Mutex<(@Sendable () -> Void)?>(nil)
    private let maxBytes: Int

    /// - Parameter maxBytes: a download of more bytes fails with `tooLarge`.
    package init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    func onReaderWake(_ wake: @escaping @Sendable () -> Void) { wakeReader.withLock { $0 = wake } }
    func onWriterWake(_ wake: @escaping @Sendable () -> Void) { wakeWriter.withLock { $0 = wake } }
    func onClose(_ cancel: @escaping @Sendable () -> Void) { cancelWriter.withLock { $0 = cancel } }

    /// Called by the download. It takes all bytes or none.
    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        let (step, wakesReader, peeker) = state.withLock { state -> (Step, Bool, CheckedContinuation<Void, Never>?) in
            if state.end != .open { return (.failed, false, nil) }
            if state.written + bytes.count > maxBytes {
                state.end = .failed(.tooLarge)
                return (.failed, state.takeReader(), state.takePeeker())
            }
            if state.available > 0, state.available + bytes.count > Self.capacity {
                state.writerWaits = true
                return (.wait, false, nil)
            }
            state.bytes.removeFirst(state.readOffset)
            state.readOffset = 0
            state.bytes += bytes
            state.written += bytes.count
            let peeker = state.peeker.map { state.available >= $0.count } == true ? state.takePeeker() : nil
            return (.count(bytes.count), state.takeReader(), peeker)
        }
        peeker?.resume()
        if wakesReader { wakeReader.withLock { $0 }?() }
        return step
    }

    /// Called by the upload. A count of 0 is the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
        let (step, wakesWriter) = state.withLock { state -> (Step, Bool) in
            if state.failure != nil { return (.failed, false) }
            if state.available == 0 {
                if state.end == .complete { return (.count(0), false) }
                state.readerWaits = true
                return (.wait, false)
            }
            let count = min(buffer.count, state.available)
            state.bytes.withUnsafeBytes {
                buffer.copyMemory(from: .init(rebasing: $0[state.readOffset..<state.readOffset + count]))
            }
            state.readOffset += count
            defer { if state.available < Self.capacity / 2 { state.writerWaits = false } }
            return (.count(count), state.writerWaits && state.available < Self.capacity / 2)
        }
        if wakesWriter { wakeWriter.withLock { $0 }?() }
        return step
    }

    /// Ends the download, as complete if there is no error. Only the first end counts.
    func end(_ error: TransferError?) {
        let (wakesReader, peeker) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            if state.end == .open { state.end = error.map(End.failed) ?? .complete }
            return (state.takeReader(), state.takePeeker())
        }
        peeker?.resume()
        if wakesReader { wakeReader.withLock { $0 }?() }
    }

    /// Ends both transfers if they are still running.
    package func close() {
        end(.cancelled)
        cancelWriter.withLock { $0 }?()
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

    /// Why the download ended early.
    package var failure: TransferError? { state.withLock { $0.failure } }

    /// Bytes downloaded so far.
    package var written: Int { state.withLock { $0.written } }

    /// Waits for bytes and removes all there are; empty at the end.
    package func next() async throws(TransferError) -> [UInt8] {
        _ = try await peek(1)
        let (bytes, wakesWriter) = state.withLock { state in
            defer { (state.bytes, state.readOffset, state.writerWaits) = ([], 0, false) }
            return (Array(state.bytes[state.readOffset...]), state.writerWaits)
        }
        if wakesWriter { wakeWriter.withLock { $0 }?() }
        return bytes
    }
}
