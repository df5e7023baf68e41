import CFastCGI
import System
import Glibc
import Synchronization

/// Serves FastCGI on its listeners until TERM, INT or USR1, then drains.
///
/// One worker thread at a time waits on the epoll set. Each event becomes a signal in a connection's mailbox, and a
/// connection that has an owner by it goes into the queue `ready`. A worker takes it from there, reads the request,
/// runs the handler until it first suspends, and sends what there is. When a suspended handler writes, it posts a
/// signal as well, and its connection comes to a worker through the same queue.
package final class Server: Sendable {
    package struct Options: Sendable {
        package var maxBodyBytes: Int
        package var drainSeconds: Int
        package var peers: PeerUsers
        /// Called on HUP.
        package var reload: (@Sendable () -> Void)?
        /// Writes buffered log lines. Called by workers when nothing else is ready, and at least every 100 ms.
        package var flush: @Sendable () -> Void
        /// For what an operator should know, as (message, detail).
        package var report: @Sendable (String, String) -> Void
        package var supervision: Supervision

        package init(
            maxBodyBytes: Int, drainSeconds: Int, peers: PeerUsers, reload: (@Sendable () -> Void)? = nil,
            flush: @escaping @Sendable () -> Void = {}, report: @escaping @Sendable (String, String) -> Void,
            supervision: Supervision
        ) {
            self.maxBodyBytes = maxBodyBytes
            self.drainSeconds = drainSeconds
            self.peers = peers
            self.reload = reload
            self.flush = flush
            self.report = report
            self.supervision = supervision
        }
    }

    let listeners: [Listener]
    let options: Options
    private let handler: Handler
    private let epoll: Int32
    /// Wakes a worker from epoll_wait. It is never read: it is watched edge-triggered, so each write is an event.
    private let wakeEvent = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    private let ready = OwnershipQueue<Connection>()
    let table = ConnectionTable()
    let workers = Workers()
    /// False once the process drains.
    private let accepting = Mutex(true)
    let acceptPaused = Atomic<Bool>(false)

    package init(_ listeners: [Listener], _ options: Options, handler: @escaping Handler) {
        // libfcgi waits this long (ms) for a bad peer's close; its default is two seconds of a worker's time.
        setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1)
        precondition(FCGX_Init() == 0, "FCGX_Init")
        self.listeners = listeners
        self.options = options
        self.handler = handler
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        let events = EPOLLIN.rawValue | EPOLLET.rawValue
        let isWatched = shim_epoll_control(epoll, EPOLL_CTL_ADD, wakeEvent, events, Token.wakeEvent.word) == 0
        precondition(epoll >= 0 && wakeEvent >= 0 && isWatched, "epoll_create1, eventfd or epoll_ctl")
        listen()
    }

    /// Adds the listeners to the epoll set, at the start and after `pauseAccepting`.
    func listen() {
        let events = EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue
        for (index, listener) in listeners.enumerated() {
            let token = Token.listener(index).word
            if shim_epoll_control(epoll, EPOLL_CTL_ADD, listener.descriptor, events, token) != 0, errno != EEXIST {
                acceptPaused.store(true, ordering: .relaxed)
            }
        }
    }

    func stopListening() {
        for listener in listeners { _ = shim_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    // MARK: Workers

    private static let eventsAtOnce = 16
    private static let runsBetweenPolls = 64
    /// Wake another worker if a queued connection would wait longer than this, in nanoseconds.
    private static let acceptableDelay = 200_000

    /// The body of every worker thread. One worker at a time polls. The others rest while it keeps up, because waking
    /// them would cost more than it saves.
    func work() {
        var runs = 0
        while true {
            if runs < Self.runsBetweenPolls, let connection = ready.removeFirst() {
                runs += 1
                let start = nanoseconds()
                if (ready.count + 1) * workers.averageRun > Self.acceptableDelay { workers.wakeRestingWorker() }
                run(connection)
                workers.countRun(nanoseconds() - start)
            } else if workers.beginPolling() {
                runs = 0
                poll()
            } else {
                if runs == 0 { workers.rest() }
                runs = 0
            }
        }
    }

    /// Takes events, and waits for them if no connection is ready. What becomes ready by them goes into the queue, so
    /// that a worker which has to wait for the rest of a request delays nothing but its own connection.
    private func poll() {
        withUnsafeTemporaryAllocation(of: shim_event.self, capacity: Self.eventsAtOnce) { events in
            var count: Int32 = 0
            let timeout: Int32 = ready.isEmpty ? -1 : 0
            workers.whileNotBusy {
                count = shim_epoll_wait(epoll, events.baseAddress!, Int32(Self.eventsAtOnce), timeout)
            }
            workers.endPolling()
            // New connections come last: those that end make room for them.
            let events = events.prefix(Int(max(count, 0))).map { (Token(word: $0.token), $0.events) }
            for (token, events) in events { post(token, events) }
            for case (.listener(let index), _) in events { accept(listeners[index]) }
        }
    }

    /// Makes a worker handle an event, even if nothing is ready.
    func wakeWorker() {
        eventfd_write(wakeEvent, 1)
        if !workers.isPolling { workers.wakeRestingWorker() }
    }

    private func post(_ token: Token, _ events: UInt32) {
        workers.countEvent()
        guard case .connection(let index, let generation) = token else { return }
        var signals: Signals = []
        if events & EPOLLIN.rawValue != 0 { signals.insert(.readable) }
        if events & EPOLLOUT.rawValue != 0 { signals.insert(.writable) }
        if events & EPOLLRDHUP.rawValue != 0 { signals.insert(.inputEnded) }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { signals.insert(.hungUp) }
        if let connection = table[index].post(signals, for: generation) { ready.append(connection) }
    }

    /// Posts signals to a connection, from a thread that isn't a worker.
    func post(_ signals: Signals, to mailbox: Mailbox<Connection>, generation: UInt32) {
        guard let connection = mailbox.post(signals, for: generation) else { return }
        ready.append(connection)
        wakeWorker()
    }

    private func run(_ connection: consuming Ownership<Connection>) {
        let mailbox = connection.mailbox
        let outcome = connection.run { connection, signals in
            connection.apply(signals)
            return advance(&connection, mailbox)
        }
        switch consume outcome {
        case .released: break
        case .ended(let connection): discard(connection)
        case .unfinished(let connection): ready.append(connection)
        }
    }

    /// Advances a connection as far as possible. Returns false when it has ended.
    private func advance(_ connection: inout Connection, _ mailbox: Mailbox<Connection>) -> Bool {
        while true {
            if !connection.isAnswering {
                // Another worker goes on with what is ready while this one waits for the rest of a request.
                let input = connection.nextRequest(
                    maxBodyBytes: options.maxBodyBytes, beforeWaiting: workers.wakeRestingWorker)
                switch input {
                case .none(let isLast): return !isLast
                case .request(let request): connection.begin(answer(to: request, mailbox))
                }
            }
            // When nothing is queued, the log line is written before the answer.
            if ready.isEmpty { options.flush() }
            switch connection.send() {
            case .later: return true
            case .done(let isLast): if isLast { return false }
            }
        }
    }

    private func answer(to request: Request, _ mailbox: Mailbox<Connection>) -> OutgoingResponse {
        let generation = mailbox.generation
        let output = ResponseBuffer { [self] in post(.output, to: mailbox, generation: generation) }
        let task = Task.immediate { [handler] in await output.send(await handler(request)) }
        return OutgoingResponse(output: output, task: task)
    }

    private func discard(_ connection: consuming Ownership<Connection>) {
        connection.withState { $0.close() }
        table.release(connection)
    }

    // MARK: Accepting

    enum Acceptance {
        case accepted
        case nothingWaits
        /// The process has no room for another connection just now.
        case noRoom
    }

    @discardableResult
    func accept(_ listener: Listener) -> Acceptance {
        // systemd clears O_NONBLOCK on a shared listener whenever it starts another process with it.
        if !listener.isOwn { _ = shim_set_nonblocking(listener.descriptor) }
        // Serialized: otherwise two workers could both take the last descriptor that isn't reserved.
        let (descriptor, error) = accepting.withLock { isAccepting in
            if !isAccepting { return (Int32(-1), EAGAIN) }
            if Descriptors.areUsedUp(open: listener.descriptor) { return (Int32(-1), EMFILE) }
            return (shim_accept(listener.descriptor), errno)
        }
        guard descriptor >= 0 else {
            guard [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error) else {
                // A connection that its peer has given up meanwhile is not the last one.
                return error == ECONNABORTED ? .accepted : .nothingWaits
            }
            // If connections are queued, one may end and free a descriptor; the listener's event will come again.
            if ready.isEmpty { pauseAccepting(error) }
            return .noRoom
        }
        if listener.isUnix, !options.peers.allows(shim_peer_uid(descriptor)) {
            options.report(
                "connection refused", "peer uid \(shim_peer_uid(descriptor)) is not among ALLOWED_PEER_USERS")
            Glibc.close(descriptor)
            return .accepted
        }
        configure(descriptor, isUnix: listener.isUnix)
        guard let connection = table.acquire() else {
            Glibc.close(descriptor)
            return .accepted
        }
        connection.renew()
        let token = Token.connection(connection.mailbox.index, connection.mailbox.generation).word
        let isWatched = connection.withState {
            $0.open(descriptor, isUnix: listener.isUnix, epoll: epoll, token: token)
        }
        // Its first signal may have come already.
        if isWatched { ready.append(connection) } else { discard(connection) }
        return .accepted
    }

    /// From here on no worker accepts, not even one that an event has just woken for it.
    func endAccepting() { accepting.withLock { $0 = false } }

    private func configure(_ descriptor: Int32, isUnix: Bool) {
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var sendBuffer: Int32 = 256 * 1024
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &sendBuffer, socklen_t(MemoryLayout<Int32>.size))
        // The last bytes of an answer must not wait for the peer's delayed acknowledgement.
        var on: Int32 = 1
        if !isUnix { setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size)) }
    }

    private func pauseAccepting(_ error: Int32) {
        // Order matters: the main thread clears the flag first and adds the listeners afterwards.
        stopListening()
        if acceptPaused.exchange(true, ordering: .relaxed) { return }
        options.report("accept paused", String(cString: strerror(error)))
    }
}

/// What an event stands for, in epoll's 64 bits.
enum Token {
    case connection(UInt32, UInt32)
    case listener(Int)
    case wakeEvent

    private static let special: UInt32 = 0xFFFF_FFFF

    init(word: UInt64) {
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let low = UInt32(truncatingIfNeeded: word)
        self = high != Self.special ? .connection(high, low) : low == Self.special ? .wakeEvent : .listener(Int(low))
    }

    var word: UInt64 {
        switch self {
        case .connection(let index, let generation): UInt64(index) << 32 | UInt64(generation)
        case .listener(let index): UInt64(Self.special) << 32 | UInt64(index)
        case .wakeEvent: UInt64.max
        }
    }
}
