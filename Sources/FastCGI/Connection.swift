import CFastCGI
import Glibc

/// One accepted connection and the request on it. Only the owner of its mailbox can use it. All calls to libfcgi are
/// made here, except `FCGX_Init`.
struct Connection: ~Copyable {
    /// The C struct must not move: its streams point back to it.
    private let request: UnsafeMutablePointer<FCGX_Request>
    private var descriptor: Int32 = -1
    private var peerKeepsOpen = false
    /// The epoll set and this connection's token in it.
    private var epoll: Int32 = -1
    private var token: UInt64 = 0
    private var isUnix = false
    private var watchesOutput = false
    /// The maximum number of bytes of a body that are read and discarded beyond its limit.
    private static let maxExcessBytes = 1 << 30

    private var mayHaveInput = false
    private var inputHasEnded = false
    private var hasHungUp = false
    private var isRetired = false
    private var response: OutgoingResponse?

    init() {
        request = .allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
    }

    // MARK: The connection

    /// Takes over an accepted descriptor and registers it with epoll, edge-triggered, for input and hang-ups.
    /// - Returns: false if epoll doesn't accept it.
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
        response = nil
    }

    private mutating func watch(_ operation: Int32, output: Bool) -> Bool {
        watchesOutput = output
        let events =
            EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue | (output ? EPOLLOUT.rawValue : 0)
        return shim_epoll_control(epoll, operation, descriptor, events, token) == 0
    }

    /// On a unix socket, a peer that has shut down only its sending side can still read the response, and a full close
    /// is reported separately. On TCP the two can't be distinguished, so both count as a hang-up.
    mutating func apply(_ events: ConnectionEvents) {
        if events.contains(.readable) { mayHaveInput = true }
        // A request that has already arrived is still read, although its event may come later.
        if events.contains(.retire) { (isRetired, mayHaveInput) = (true, true) }
        if events.contains(.inputEnded) { inputHasEnded = true }
        if events.contains(.hungUp) || (inputHasEnded && !isUnix) {
            hasHungUp = true
            response?.abandon()
        }
    }

    // MARK: A request

    enum Input {
        /// No request has arrived. If `isLast`, none will.
        case none(isLast: Bool)
        case request(Request)
    }

    /// The next request, if one has arrived.
    /// - Parameter beforeWaiting: called if only a part of a request has arrived, because each read of the rest may
    ///   block for up to SO_RCVTIMEO.
    mutating func nextRequest(maxBodyBytes: Int, beforeWaiting: () -> Void) -> Input {
        let nothing = Input.none(isLast: inputHasEnded || hasHungUp || isRetired)
        guard mayHaveInput else { return nothing }
        mayHaveInput = false
        switch PendingInput(descriptor) {
        case .nothing: return nothing
        case .closed: return .none(isLast: true)
        case .wholeRequest: break
        case .partOfRequest: beforeWaiting()
        }
        return read(maxBodyBytes: maxBodyBytes).map { .request($0) } ?? .none(isLast: true)
    }

    /// Reads one complete request. Nil if the peer disconnected or violated the protocol; libfcgi may then have closed
    /// the descriptor. Bytes of a further request in the same read are lost with libfcgi's buffer.
    private mutating func read(maxBodyBytes: Int) -> Request? {
        let result = shim_begin(request, descriptor)
        descriptor = request.pointee.ipcFd
        guard result == 0, let environment = request.pointee.envp else { return nil }
        peerKeepsOpen = request.pointee.keepConnection != 0
        // Otherwise FCGX_Finish_r would close the descriptor, after waiting for the peer to close it. We close it.
        request.pointee.keepConnection = 1
        let parameters = Parameters(environment)
        let body = readBody(declaredLength: parameters["CONTENT_LENGTH"], limit: maxBodyBytes)
        return FCGX_GetError(request.pointee.in) == 0 ? Request(parameters: parameters, body: body) : nil
    }

    /// Reads FCGI_STDIN to its end, because the rest of it would be parsed as the next request. If it is longer than
    /// `maxExcessBytes` beyond the limit, the connection is closed after the response.
    private mutating func readBody(declaredLength: String?, limit: Int) -> Request.Body {
        let expected = declaredLength.flatMap { $0.isEmpty ? nil : $0 }.map { Int($0) ?? -1 }
        let stream = request.pointee.in
        let capacity = max(min(expected ?? limit, limit), 0)
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            guard buffer.count > 0 else { return }
            buffer.withMemoryRebound(to: CChar.self) {
                count = Int(FCGX_GetStr($0.baseAddress, Int32($0.count), stream))
            }
        }
        var excess = 0
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
            while excess < Self.maxExcessBytes {
                let count = Int(FCGX_GetStr(buffer.baseAddress, Int32(buffer.count), stream))
                if count == 0 { break }
                excess += count
            }
        }
        if excess >= Self.maxExcessBytes { peerKeepsOpen = false }
        if bytes.count + excess > limit || (expected ?? 0) > limit { return .tooLarge }
        return excess == 0 && (expected ?? bytes.count) == bytes.count ? .bytes(bytes) : .incomplete
    }

    // MARK: A response

    var isResponding: Bool { response != nil }

    mutating func begin(_ response: OutgoingResponse) {
        self.response = response
    }

    enum SendResult {
        /// An event will follow when the handler has written, or when the socket accepts bytes again.
        case later
        /// The response is complete. If `isLast`, the connection must be closed.
        case done(isLast: Bool)
    }

    /// How many chunks to send before other connections have their turn.
    private static let chunksPerTurn = 16

    /// Sends what the handler has written, as far as the socket accepts it. A whole response of up to
    /// `ResponseBuffer.limit` bytes fits into the send buffer (Server+Accepting.swift), which a peer that reads its
    /// responses has emptied. More is sent only while poll(2) reports most of that buffer free. So nothing here waits
    /// for a slow reader.
    mutating func send() -> SendResult {
        for _ in 0..<Self.chunksPerTurn {
            guard let chunk = response!.next() else {
                if hasHungUp, !response!.hasEnded, !response!.isAbandoned { response!.abandon() }
                return response!.hasEnded ? finish() : .later
            }
            if !chunk.isWhole, !isWritable { break }
            if write(chunk.bytes), chunk.isWhole || flush() {
                response!.remove(chunk)
            } else {
                response!.abandon()
            }
        }
        // If the socket has room by now, the event follows at once.
        _ = watch(EPOLL_CTL_MOD, output: true)
        return .later
    }

    private mutating func finish() -> SendResult {
        let isAbandoned = response!.isAbandoned
        response = nil
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
