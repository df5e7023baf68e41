import CFastCGI
import Synchronization

/// A body that leaves as the socket takes it, so that a reader who stops reading suspends its own handler and holds no
/// thread: the handler's task appends, a worker sends at most `portion` bytes after each EPOLLOUT.
///
/// The kernel reports EPOLLOUT only while most of the send buffer (256 KB, set at accept) is free, so libfcgi's blocking
/// write never waits. Who ends the request is decided once, by `claim`.
final class StreamWriter: BodyWriter, @unchecked Sendable {
    private struct State {
        var pending: [UInt8]
        /// How much of `pending` has been sent.
        var sent = 0
        /// The socket is armed for EPOLLOUT, or a worker is sending now.
        var expectsWorker = true
        var sending = false
        var ended: Bool
        var broken = false
        var claimed = false
        /// Those whose bytes are over the limit.
        var waiting: [CheckedContinuation<Void, any Error>] = []

        var left: Int { pending.count - sent }

        /// True once: for whoever finds that nobody else will touch the request any more.
        mutating func claim() -> Bool {
            guard ended, !sending, !claimed else { return false }
            claimed = true
            return true
        }

        mutating func takeWaiting() -> [CheckedContinuation<Void, any Error>] {
            defer { waiting = [] }
            return waiting
        }
    }

    private static let portion = 16 * 1024
    private static let limit = 64 * 1024
    private let state: Mutex<State>
    private let arm: @Sendable (_ events: UInt32) -> Void

    /// - Parameter bytes: what there is already; all of it, if `ended`.
    /// - Parameter arm: watches the connection for these events, once, besides a hang-up.
    init(_ bytes: [UInt8], ended: Bool, arm: @escaping @Sendable (UInt32) -> Void) {
        state = Mutex(State(pending: bytes, ended: ended))
        self.arm = arm
    }

    func start() {
        arm(EPOLLOUT.rawValue)
    }

    var isIdle: Bool { state.withLock { $0.left == 0 } }

    func write(_ bytes: [UInt8]) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.broken || Task.isCancelled { return .failure(CancellationError()) }
                    state.pending.removeFirst(state.sent)
                    state.sent = 0
                    state.pending += bytes
                    callWorker(&state)
                    if state.left <= Self.limit { return .success(()) }
                    state.waiting.append(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            _ = fail()
        }
    }

    /// No more comes. True: the reader has gone and the caller has to see to the request's end.
    func end() -> Bool {
        state.withLock { state in
            state.ended = true
            if state.broken { return state.claim() }
            callWorker(&state)
            return false
        }
    }

    /// The reader has gone: the handler's next write throws. True: the caller has to end the request.
    func fail() -> Bool {
        let (claimed, waiting) = state.withLock { state in
            state.broken = true
            return (state.claim(), state.takeWaiting())
        }
        for writer in waiting { writer.resume(throwing: CancellationError()) }
        return claimed
    }

    enum Step {
        /// Somebody will come again.
        case wait
        /// The caller has to end the request.
        case done
        /// The peer took no more: `fail()` says who ends it.
        case broken
    }

    /// On the worker that got EPOLLOUT: sends a portion, then watches for what comes next.
    func pump(_ send: ([UInt8].SubSequence) -> Bool) -> Step {
        let portion: [UInt8].SubSequence? = state.withLock { state in
            if state.sending || state.broken { return nil }
            state.sending = true
            return state.pending[state.sent...].prefix(Self.portion)
        }
        guard let portion else { return .wait }
        let taken = portion.isEmpty || send(portion)
        var waiting: [CheckedContinuation<Void, any Error>] = []
        let step: Step = state.withLock { state in
            state.sending = false
            if !taken || state.broken { return .broken }
            state.sent += portion.count
            if state.left <= Self.limit / 2 { waiting = state.takeWaiting() }
            if state.left == 0, state.claim() { return .done }
            state.expectsWorker = state.left > 0
            arm(state.expectsWorker ? EPOLLOUT.rawValue : 0)
            return .wait
        }
        for writer in waiting { writer.resume() }
        return step
    }

    private func callWorker(_ state: inout State) {
        if state.expectsWorker { return }
        state.expectsWorker = true
        arm(EPOLLOUT.rawValue)
    }
}
