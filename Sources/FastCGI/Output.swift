import Synchronization

/// What a handler writes, on its way to whoever sends it: the connection's owner, or plain CGI's standard output.
///
/// The handler's side never blocks a thread: when the reader is slow, `write` suspends. The sender's side takes all that
/// is there at once. At most `limit` bytes and one write wait here, and as many are in the sender's hands.
package final class Output: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var hasEnded = false
        var isBroken = false
        /// Writers that wait until the pending bytes have been taken.
        var waiting: [CheckedContinuation<Void, any Error>] = []

        mutating func takeWaiting() -> [CheckedContinuation<Void, any Error>] {
            defer { waiting = [] }
            return waiting
        }
    }

    static let limit = 64 * 1024
    private let state = Mutex(State())
    private let notify: @Sendable () -> Void

    /// - Parameter notify: called when there is something to take where there was nothing, and at the end.
    package init(notify: @escaping @Sendable () -> Void) {
        self.notify = notify
    }

    // MARK: The handler's side, on any thread

    /// Accepts the bytes at once and returns when there is room for more.
    /// - Throws: CancellationError if the reader has gone or the task was cancelled.
    package func write(_ bytes: [UInt8]) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, isNews) = state.withLock { state -> (Result<Void, any Error>?, Bool) in
                    if state.isBroken || Task.isCancelled { return (.failure(CancellationError()), false) }
                    let isNews = state.pending.isEmpty
                    state.pending += bytes
                    if state.pending.count <= Self.limit { return (.success(()), isNews) }
                    state.waiting.append(continuation)
                    return (nil, isNews)
                }
                if isNews { notify() }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            abandon()
        }
    }

    /// True when nothing waits to be taken: the moment for a heartbeat.
    package var isIdle: Bool { state.withLock { $0.pending.isEmpty } }

    /// Writes a whole answer, to its end.
    package func send(_ response: Response) async {
        switch response.body {
        case .bytes(let body): end(with: response.head + body)
        case .stream(let produce):
            try? await write(response.head)
            await produce(self)
            end(with: [])
        }
    }

    private func end(with bytes: [UInt8]) {
        let isNews = state.withLock { state in
            defer { state.hasEnded = true }
            let isNews = state.pending.isEmpty
            if !state.isBroken { state.pending += bytes }
            return isNews
        }
        if isNews { notify() }
    }

    // MARK: The sender's side

    /// What has been written since the last call, and whether that was the end.
    package func take() -> (bytes: [UInt8], hasEnded: Bool) {
        let (taken, waiting) = state.withLock { state in
            let taken = (state.pending, state.hasEnded)
            state.pending = []
            return (taken, state.takeWaiting())
        }
        for writer in waiting { writer.resume() }
        return taken
    }

    /// The reader has gone: waiting and later writes throw, and what was written is dropped.
    package func abandon() {
        let waiting = state.withLock { state in
            state.isBroken = true
            state.pending = []
            return state.takeWaiting()
        }
        for writer in waiting { writer.resume(throwing: CancellationError()) }
    }
}
