import CFastCGI
import Glibc
import Synchronization

/// One accepted connection and the request on it. Records are used again and never freed, so that an event which comes
/// late finds a newer generation instead of freed memory.
///
/// Ownership: `word` says who may touch the libfcgi request.
/// - free: the table.
/// - parked: nobody; the next event's worker takes it (EPOLLONESHOT delivers to one).
/// - running: the worker that began it, until it arms the hang-up watch and moves on to suspended.
/// - suspended, streaming, hungUp: the handler's task; its answer comes back to a worker through the ready queue.
/// - answered: the worker that takes it from there.
final class Connection: @unchecked Sendable {
    enum Phase: UInt64 {
        case free, parked, running, suspended, streaming, hungUp, answered
    }

    /// Where this record stands in the server's table: half of its epoll token.
    let index: UInt32
    private let word = Atomic<UInt64>(0)
    /// The C struct must not move: its streams point back to it.
    private let request: UnsafeMutablePointer<FCGX_Request>
    private(set) var descriptor: Int32 = -1
    private var peerKeeps = false

    /// Written by the handler's side before it moves to answered, read by the worker after.
    var response: Response?
    /// What a late event may reach for; it must not meet a later request's.
    private let work = Mutex<Work?>(nil)

    private struct Work {
        let generation: UInt32
        let task: Task<Void, Never>?
        var stream: StreamWriter?
    }

    init(index: UInt32) {
        self.index = index
        request = .allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
    }

    // MARK: State

    var state: (generation: UInt32, phase: Phase) { Self.unpacked(word.load(ordering: .acquiring)) }

    var token: UInt64 { UInt64(index) << 32 | UInt64(state.generation) }

    /// A new generation: events of the one before are stale from here on.
    func advance(to phase: Phase) {
        word.store(Self.packed(state.generation &+ 1, phase), ordering: .releasing)
    }

    /// False if somebody else was first.
    func move(_ generation: UInt32, from old: Phase, to new: Phase) -> Bool {
        word.compareExchange(
            expected: Self.packed(generation, old), desired: Self.packed(generation, new),
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Hands the request over, whoever had it; answers what was.
    func exchange(_ new: Phase) -> Phase {
        let generation = state.generation
        return Self.unpacked(word.exchange(Self.packed(generation, new), ordering: .acquiringAndReleasing)).phase
    }

    func remember(_ task: Task<Void, Never>) {
        work.withLock { $0 = Work(generation: state.generation, task: task) }
    }

    /// The body of the present generation's answer.
    func remember(_ stream: StreamWriter) {
        work.withLock { work in
            let task = work.flatMap { $0.generation == state.generation ? $0.task : nil }
            work = Work(generation: state.generation, task: task, stream: stream)
        }
    }

    func stream(_ generation: UInt32) -> StreamWriter? {
        work.withLock { $0?.generation == generation ? $0?.stream : nil }
    }

    func cancel(_ generation: UInt32) {
        work.withLock { if $0?.generation == generation { $0?.task?.cancel() } }
    }

    private static func packed(_ generation: UInt32, _ phase: Phase) -> UInt64 {
        UInt64(generation) << 8 | phase.rawValue
    }

    private static func unpacked(_ word: UInt64) -> (generation: UInt32, phase: Phase) {
        (UInt32(truncatingIfNeeded: word >> 8), Phase(rawValue: word & 0xFF)!)
    }

    // MARK: libfcgi, on the owning worker's thread only

    func open(_ descriptor: Int32) {
        self.descriptor = descriptor
        FCGX_InitRequest(request, -1, 0)
    }

    /// Reads one request whole. nil: the peer broke off or spoke something else; libfcgi may have closed the descriptor.
    func read(maxBodyBytes: Int) -> Request? {
        let result = shim_begin(request, descriptor)
        descriptor = request.pointee.ipcFd
        guard result == 0, let environment = request.pointee.envp else { return nil }
        peerKeeps = request.pointee.keepConnection != 0
        // FCGX_Finish_r would close, and linger up to 2 s for the peer's own close: we close ourselves.
        request.pointee.keepConnection = 1
        let parameters = Parameters(environment)
        let body = readBody(declared: parameters["CONTENT_LENGTH"], max: maxBodyBytes)
        return FCGX_GetError(request.pointee.in) == 0 ? Request(parameters: parameters, body: body) : nil
    }

    /// STDIN is always read to its end: what is left of it would stand in the kept connection's next request.
    private func readBody(declared: String?, max: Int) -> Request.Body {
        let expected = declared.flatMap { $0.isEmpty ? nil : $0 }.map { Int($0) ?? -1 }
        let stream = request.pointee.in
        let room = min(expected ?? max, max)
        let bytes = [UInt8](unsafeUninitializedCapacity: Swift.max(room, 0)) { buffer, count in
            guard buffer.count > 0 else { return }
            buffer.withMemoryRebound(to: CChar.self) {
                count = Int(FCGX_GetStr($0.baseAddress, Int32($0.count), stream))
            }
        }
        var rest = 0
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { scrap in
            while rest < 1 << 30 {
                let count = Int(FCGX_GetStr(scrap.baseAddress, 8192, stream))
                if count == 0 { break }
                rest += count
            }
        }
        if bytes.count + rest > max || (expected ?? 0) > max { return .tooLarge }
        return rest == 0 && (expected ?? bytes.count) == bytes.count ? .bytes(bytes) : .incomplete
    }

    /// Into libfcgi's buffer of 8 KB, and to the socket as it fills: may block for SO_SNDTIMEO.
    func write(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.withContiguousStorageIfAvailable { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                FCGX_PutStr($0.baseAddress, Int32($0.count), request.pointee.out) == Int32($0.count)
            }
        } ?? false
    }

    func flush() -> Bool {
        FCGX_FFlush(request.pointee.out) == 0 && FCGX_GetError(request.pointee.out) == 0
    }

    /// Ends the request; true if the connection stays open for another.
    func finish() -> Bool {
        response = nil
        work.withLock { $0 = nil }
        FCGX_Finish_r(request)
        descriptor = request.pointee.ipcFd
        return peerKeeps && descriptor >= 0
    }

    /// Closes what is still open. The record may then be used for another connection.
    func close() {
        FCGX_Free(request, 0)
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        advance(to: .free)
    }
}
