import Synchronization

/// A bounded buffer between a download and an upload: each pauses the other, so the memory of a transfer doesn't grow
/// with the file. Both ends are transfers; a task may look at the first bytes in between.
package final class Pipe: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        /// How much of `bytes` the reader has taken.
        var taken = 0
        var written = 0
        var end: TransferError??
        var readerWaits = false
        var writerWaits = false
        var looking: (count: Int, continuation: CheckedContinuation<Void, Never>)?

        var left: Int { bytes.count - taken }
        var hasEnded: Bool { end != nil }

        mutating func takeReader() -> Bool {
            defer { readerWaits = false }
            return readerWaits
        }

        mutating func takeLooking() -> CheckedContinuation<Void, Never>? {
            defer { looking = nil }
            return looking?.continuation
        }
    }

    enum Step {
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

    /// - Parameter maxBytes: more than that is refused as too large.
    package init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    func onReaderWake(_ wake: @escaping @Sendable () -> Void) { wakeReader.withLock { $0 = wake } }
    func onWriterWake(_ wake: @escaping @Sendable () -> Void) { wakeWriter.withLock { $0 = wake } }
    func onClose(_ cancel: @escaping @Sendable () -> Void) { cancelWriter.withLock { $0 = cancel } }

    /// From the download's callback.
    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        let (step, wakes, looking) = state.withLock { state -> (Step, Bool, CheckedContinuation<Void, Never>?) in
            if state.hasEnded { return (.failed, false, nil) }
            if state.written + bytes.count > maxBytes {
                state.end = .some(.tooLarge)
                return (.failed, state.takeReader(), state.takeLooking())
            }
            if state.left > 0, state.left + bytes.count > Self.capacity {
                state.writerWaits = true
                return (.wait, false, nil)
            }
            state.bytes.removeFirst(state.taken)
            state.taken = 0
            state.bytes += bytes
            state.written += bytes.count
            let looking = state.looking.map { state.left >= $0.count } == true ? state.takeLooking() : nil
            return (.count(bytes.count), state.takeReader(), looking)
        }
        looking?.resume()
        if wakes { wakeReader.withLock { $0 }?() }
        return step
    }

    /// From the upload's callback. 0 bytes: the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Step {
        let (step, wakes) = state.withLock { state -> (Step, Bool) in
            if state.left == 0 {
                switch state.end {
                case nil:
                    state.readerWaits = true
                    return (.wait, false)
                case .some(nil): return (.count(0), false)
                case .some(.some): return (.failed, false)
                }
            }
            if case .some(.some) = state.end { return (.failed, false) }
            let count = min(buffer.count, state.left)
            state.bytes.withUnsafeBytes {
                buffer.copyMemory(from: .init(rebasing: $0[state.taken..<state.taken + count]))
            }
            state.taken += count
            defer { if state.left < Self.capacity / 2 { state.writerWaits = false } }
            return (.count(count), state.writerWaits && state.left < Self.capacity / 2)
        }
        if wakes { wakeWriter.withLock { $0 }?() }
        return step
    }

    /// The download's last word; only the first end counts.
    func end(_ error: TransferError?) {
        let (wakes, looking) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            if !state.hasEnded { state.end = .some(error) }
            return (state.takeReader(), state.takeLooking())
        }
        looking?.resume()
        if wakes { wakeReader.withLock { $0 }?() }
    }

    /// Ends both transfers, if they still run.
    package func close() {
        end(.cancelled)
        cancelWriter.withLock { $0 }?()
    }

    /// The first bytes, without taking them: fewer only if there are no more.
    package func peek(_ count: Int) async throws(TransferError) -> [UInt8] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.hasEnded || state.left >= count { return true }
                    state.looking = (count, continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            close()
        }
        if let failure { throw failure }
        return state.withLock { Array($0.bytes[$0.taken...].prefix(count)) }
    }

    /// Why the download ended early.
    package var failure: TransferError? { state.withLock { $0.end ?? nil } }

    /// How many bytes have come so far.
    package var written: Int { state.withLock { $0.written } }

    /// Takes what has come; empty: the end.
    package func next() async throws(TransferError) -> [UInt8] {
        _ = try await peek(1)
        let (bytes, wakes) = state.withLock { state in
            defer { (state.bytes, state.taken, state.writerWaits) = ([], 0, false) }
            return (Array(state.bytes[state.taken...]), state.writerWaits)
        }
        if wakes { wakeWriter.withLock { $0 }?() }
        return bytes
    }
}
