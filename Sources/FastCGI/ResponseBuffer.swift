import Synchronization

/// A bounded buffer between a handler and its sender: the connection's owner, or plain CGI's standard output.
///
/// The handler's side never blocks a thread: when the reader is slow, `write` suspends. The buffer holds either one
/// complete response, or up to `limit` bytes of a stream and the last write of each task that is writing. The sender
/// takes all of it at once.
package final class ResponseBuffer: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var hasEnded = false
        var isAbandoned = false
        /// Writers that wait for the pending bytes to be taken, by number.
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        var lastWriter = 0

        mutating func takeWaiting() -> Dictionary<Int, CheckedContinuation<Void, any Error>>.Values {
            defer { waiting = [:] }
            return waiting.values
        }
    }

    static let limit = 64 * 1024
    private let state = Mutex(State())
    private let notify: @Sendable () -> Void

    /// - Parameter notify: called when the buffer is empty and receives bytes or is ended.
    package init(notify: @escaping @Sendable () -> Void) {
        self.notify = notify
    }

    // MARK: The handler's side, on any thread

    /// Accepts the bytes at once and returns when there is room for more.
    /// - Throws: CancellationError if the reader has gone or the task was cancelled.
    package func write(_ bytes: [UInt8]) async throws {
        let number = state.withLock { state in
            state.lastWriter += 1
            return state.lastWriter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, shouldNotify) = state.withLock { state -> (Result<Void, any Error>?, Bool) in
                    if state.isAbandoned || Task.isCancelled { return (.failure(CancellationError()), false) }
                    let shouldNotify = state.pending.isEmpty
                    state.pending += bytes
                    if state.pending.count <= Self.limit { return (.success(()), shouldNotify) }
                    state.waiting[number] = continuation
                    return (nil, shouldNotify)
                }
                if shouldNotify { notify() }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            // Only this writer fails; others may still write the end of the response.
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(throwing: CancellationError())
        }
    }

    package var isEmpty: Bool { state.withLock { $0.pending.isEmpty } }

    /// Writes a whole response and ends the buffer.
    package func send(_ response: Response) async {
        switch response.body {
        case .bytes(let body): end(with: response.head, body)
        case .stream(let produce):
            try? await write(response.head)
            await produce(self)
            end()
        }
    }

    private func end(with bytes: [UInt8]...) {
        let shouldNotify = state.withLock { state in
            defer { state.hasEnded = true }
            let shouldNotify = state.pending.isEmpty
            if !state.isAbandoned { for part in bytes { state.pending += part } }
            return shouldNotify
        }
        if shouldNotify { notify() }
    }

    // MARK: The sender's side

    /// Takes the bytes that were written since the last call.
    /// - Returns: the bytes, and whether they are the last ones.
    package func take() -> (bytes: [UInt8], hasEnded: Bool) {
        let (taken, waiting) = state.withLock { state in
            let taken = (state.pending, state.hasEnded)
            state.pending = []
            return (taken, state.takeWaiting())
        }
        for writer in waiting { writer.resume() }
        return taken
    }

    /// Discards the buffered bytes, because the reader has gone. Waiting and later writes throw.
    package func abandon() {
        let waiting = state.withLock { state in
            state.isAbandoned = true
            state.pending = []
            return state.takeWaiting()
        }
        for writer in waiting { writer.resume(throwing: CancellationError()) }
    }
}
