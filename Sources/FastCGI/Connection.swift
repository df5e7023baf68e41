import CFastCGI
import Glibc

/// One accepted connection and the request on it. Only the mailbox's owner, on a worker thread, can use it. libfcgi is
/// called from nowhere else.
struct Connection: ~Copyable {
    /// The C struct must not move: its streams point back to it.
    private let request: UnsafeMutablePointer<FCGX_Request>
    private var descriptor: Int32 = -1
    private var peerKeepsOpen = false
    /// The epoll set, and this connection's token in it.
    private var epoll: Int32 = -1
    private var token: UInt64 = 0
    private var isUnix = false
    private var watchesOutput = false

    private var mayHaveInput = false
    private var inputHasEnded = false
    private var hasHungUp = false
    private var isRetired = false
    private var answer: OutgoingResponse?

    init() {
        request = .allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
    }

    // MARK: The connection

    /// Takes over an accepted descriptor and registers it with epoll, edge-triggered, for input and hang-ups.
    /// - Returns: false if it can't be watched.
    mutating func open(_ descriptor: Int32, isUnix: Bool, epoll: Int32, token: UInt64) -> Bool {
        (self.descriptor, self.isUnix, self.epoll, self.token) = (descriptor, isUnix, epoll, token)
        (mayHaveInput, inputHasEnded, hasHungUp, isRetired) = (false, false, false, false)
        FCGX_InitRequest(request, -1, 0)
        return watch(EPOLL_CTL_ADD, output: false)
    }

    /// Closes the descriptor, if it is still open, without finishing the request.
    mutating func close() {
        FCGX_Free(request, 0)
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        answer = nil
    }

    private mutating func watch(_ operation: Int32, output: Bool) -> Bool {
        watchesOutput = output
        let events =
            EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue | (output ? EPOLLOUT.rawValue : 0)
        return shim_epoll_control(epoll, operation, descriptor, events, token) == 0
    }

    /// On a unix socket, a peer that shuts down its sending side alone can still read the answer, and a full close is
    /// reported separately. TCP doesn't tell the two apart, so both count as a hang-up there.
    mutating func apply(_ signals: Signals) {
        if signals.contains(.readable) { mayHaveInput = true }
        if signals.contains(.retire) { isRetired = true }
        if signals.contains(.inputEnded) { inputHasEnded = true }
        if signals.contains(.hungUp) || (inputHasEnded && !isUnix) {
            hasHungUp = true
            answer?.abandon()
        }
    }

    // MARK: A request

    enum Input {
        /// No request now. `isLast`: and none will come.
        case none(isLast: Bool)
        case request(Request)
    }

    /// The next request, if one has come.
    /// - Parameter beforeWaiting: called if only a part of a request has arrived: reading the rest may block, up to
    ///   SO_RCVTIMEO in each read.
    mutating func nextRequest(maxBodyBytes: Int, beforeWaiting: () -> Void) -> Input {
        guard mayHaveInput else { return .none(isLast: inputHasEnded || hasHungUp || isRetired) }
        mayHaveInput = false
        switch Preview(descriptor) {
        case .nothing: return .none(isLast: inputHasEnded || hasHungUp || isRetired)
        case .closed: return .none(isLast: true)
        case .wholeRequest: break
        case .partOfRequest: beforeWaiting()
        }
        return read(maxBodyBytes: maxBodyBytes).map { .request($0) } ?? .none(isLast: true)
    }

    /// Reads one complete request. nil: the peer disconnected or violated the protocol; libfcgi may have closed the
    /// descriptor. (Bytes of a further request in the same read are lost: libfcgi drops them with its buffer.)
    private mutating func read(maxBodyBytes: Int) -> Request? {
        let result = shim_begin(request, descriptor)
        descriptor = request.pointee.ipcFd
        guard result == 0, let environment = request.pointee.envp else { return nil }
        peerKeepsOpen = request.pointee.keepConnection != 0
        // FCGX_Finish_r would close, and linger up to 2 s for the peer's own close: we close ourselves.
        request.pointee.keepConnection = 1
        let parameters = Parameters(environment)
        let body = readBody(declared: parameters["CONTENT_LENGTH"], max: maxBodyBytes)
        return FCGX_GetError(request.pointee.in) == 0 ? Request(parameters: parameters, body: body) : nil
    }

    /// Always reads FCGI_STDIN to its end; the rest of it would be parsed as the next request.
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

    // MARK: Its answer

    var isAnswering: Bool { answer != nil }

    /// The request is being answered by this task, which writes to this output.
    mutating func begin(_ answer: OutgoingResponse) {
        self.answer = answer
    }

    enum Sending {
        /// A signal will follow: that the handler has written, or that the socket takes bytes again.
        case later
        /// The answer is complete. `isLast`: the connection must be closed.
        case done(isLast: Bool)
    }

    /// How many portions to send before other connections have their turn.
    private static let portionsAtOnce = 16

    /// Sends what there is and what the socket takes. A whole answer of up to `ResponseBuffer.limit` bytes fits into the send
    /// buffer (256 KB, set at accept), which a peer that reads its answers has emptied; more is sent only while poll(2)
    /// reports most of that buffer free. So nothing here waits for a slow reader.
    mutating func send() -> Sending {
        for _ in 0..<Self.portionsAtOnce {
            guard let portion = answer!.next() else {
                if hasHungUp, !answer!.hasEnded, !answer!.isAbandoned { answer!.abandon() }
                return answer!.hasEnded ? finish() : .later
            }
            if !portion.isWhole, !isWritable { break }
            if write(portion.bytes), portion.isWhole || flush() {
                answer!.remove(portion)
            } else {
                answer!.abandon()
            }
        }
        // The event comes at once if the socket has room by now.
        _ = watch(EPOLL_CTL_MOD, output: true)
        return .later
    }

    private mutating func finish() -> Sending {
        let isAbandoned = answer!.isAbandoned
        answer = nil
        if isAbandoned { return .done(isLast: true) }
        FCGX_Finish_r(request)
        descriptor = request.pointee.ipcFd
        if watchesOutput, descriptor >= 0 { _ = watch(EPOLL_CTL_MOD, output: false) }
        return .done(isLast: !peerKeepsOpen || descriptor < 0)
    }

    private var isWritable: Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return Glibc.poll(&poll, 1, 0) == 1
    }

    /// Writes through libfcgi's buffer of 8 KB.
    private func write(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                FCGX_PutStr($0.baseAddress, Int32($0.count), request.pointee.out) == Int32($0.count)
            }
        }
    }

    private func flush() -> Bool {
        FCGX_FFlush(request.pointee.out) == 0 && FCGX_GetError(request.pointee.out) == 0
    }
}
