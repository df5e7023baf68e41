import CFastCGI
import Descriptors
import Glibc
import Synchronization

/// Serves FastCGI on its listeners until TERM, INT or USR1, then drains.
///
/// Worker threads wait on one epoll set. Each event becomes a signal in a connection's mailbox; the worker that becomes
/// the owner by it reads the request, runs the handler until it first suspends, and sends what there is. A handler that
/// goes on elsewhere leaves a signal as well, and the ownership comes to a worker through the queue `ready`.
package final class Server: Sendable {
    package struct Options: Sendable {
        package var maxBodyBytes: Int
        package var drainSeconds: Int
        package var peers: PeerUsers
        /// Called on HUP.
        package var reload: (@Sendable () -> Void)?
        /// Writes what waits to be logged. Called by workers when nothing else is ready, and at least every 100 ms.
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
    /// Written to when `ready` has something for a worker that sleeps. It is never read: each write is an edge.
    private let bell = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
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
        precondition(epoll >= 0, "epoll_create1")
        _ = shim_epoll_control(epoll, EPOLL_CTL_ADD, bell, EPOLLIN.rawValue | EPOLLET.rawValue, Token.bell.word)
        listen()
    }

    /// Listeners are in the set from the start, and again after a pause for want of descriptors.
    func listen() {
        let events = EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue
        for (index, listener) in listeners.enumerated() {
            _ = shim_epoll_control(epoll, EPOLL_CTL_ADD, listener.descriptor, events, Token.listener(index).word)
        }
    }

    func stopListening() {
        for listener in listeners { _ = shim_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    // MARK: Workers

    private static let eventsAtOnce = 16
    /// Nanoseconds that a connection may have to wait for a worker before another is called.
    private static let acceptableDelay = 200_000

    /// The body of every worker thread. One of them at a time waits for events; while it keeps up with what is ready the
    /// others rest, because waking them costs more than they would save.
    func work() {
        while true {
            if let connection = ready.removeFirst() {
                let start = nanoseconds()
                if (ready.count + 1) * workers.averageRun > Self.acceptableDelay { workers.callAnother() }
                run(connection)
                workers.countRun(nanoseconds() - start)
            } else if workers.beginPolling() {
                poll()
                workers.endPolling()
            } else {
                workers.rest(unless: { !ready.isEmpty })
            }
        }
    }

    /// Waits for events. Whatever becomes ready by them goes into the queue, so that a worker which has to wait for the
    /// rest of a request holds up nothing but its own connection.
    private func poll() {
        withUnsafeTemporaryAllocation(of: shim_event.self, capacity: Self.eventsAtOnce) { events in
            var count: Int32 = 0
            workers.sleeping { count = shim_epoll_wait(epoll, events.baseAddress!, Int32(Self.eventsAtOnce)) }
            // New connections come last: those that end make room for them.
            let events = events.prefix(Int(max(count, 0))).map { (Token(word: $0.token), $0.events) }
            for (token, events) in events { signal(token, events) }
            for case (.listener(let index), _) in events { accept(listeners[index]) }
        }
    }

    /// Has a worker take an event, though there may be nothing to do.
    func wakeWorker() {
        eventfd_write(bell, 1)
        if !workers.isPolling { workers.callAnother() }
    }

    private func signal(_ token: Token, _ events: UInt32) {
        workers.countEvent()
        guard case .connection(let index, let generation) = token else { return }
        var signals: Signals = []
        if events & EPOLLIN.rawValue != 0 { signals.insert(.readable) }
        if events & EPOLLOUT.rawValue != 0 { signals.insert(.writable) }
        if events & EPOLLRDHUP.rawValue != 0 { signals.insert(.inputEnded) }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { signals.insert(.hungUp) }
        if let connection = table[index].leave(signals, for: generation) { ready.append(connection) }
    }

    /// Leaves a signal for a connection, from a thread that isn't a worker.
    func leave(_ signals: Signals, in mailbox: Mailbox<Connection>, for generation: UInt32) {
        guard let connection = mailbox.leave(signals, for: generation) else { return }
        ready.append(connection)
        wakeWorker()
    }

    private func run(_ connection: consuming Ownership<Connection>) {
        let mailbox = connection.mailbox
        let ended = connection.run { connection, signals in
            connection.note(signals)
            return advance(&connection, mailbox)
        }
        if let ended { discard(ended) }
    }

    /// Goes as far with a connection as goes without waiting. Returns false when the connection has ended.
    private func advance(_ connection: inout Connection, _ mailbox: Mailbox<Connection>) -> Bool {
        while true {
            if !connection.isAnswering {
                // Another worker goes on with what is ready while this one waits for the rest of a request.
                let input = connection.nextRequest(
                    maxBodyBytes: options.maxBodyBytes, beforeWaiting: workers.callAnother)
                switch input {
                case .none(let isLast): return !isLast
                case .request(let request): connection.begin(answer(to: request, mailbox))
                }
            }
            // In a quiet process a request's log line is there before its answer.
            if ready.isEmpty { options.flush() }
            switch connection.send() {
            case .later: return true
            case .done(let isLast): if isLast { return false }
            }
        }
    }

    private func answer(to request: Request, _ mailbox: Mailbox<Connection>) -> Answer {
        let generation = mailbox.generation
        let output = Output { [self] in leave(.output, in: mailbox, for: generation) }
        let task = Task.immediate { [handler] in await output.send(await handler(request)) }
        return Answer(output: output, task: task)
    }

    private func discard(_ connection: consuming Ownership<Connection>) {
        connection.withState { $0.close() }
        table.give(connection)
    }

    // MARK: Accepting

    /// True if there was a connection to take.
    @discardableResult
    func accept(_ listener: Listener) -> Bool {
        // systemd clears O_NONBLOCK on a shared listener whenever it starts another process with it.
        if !listener.isOwn { _ = shim_set_nonblocking(listener.descriptor) }
        // One worker at a time: what one finds free, another must not take.
        let (descriptor, cause) = accepting.withLock { isAccepting in
            if !isAccepting { return (Int32(-1), EAGAIN) }
            if Descriptors.areUsedUp(open: listener.descriptor) { return (Int32(-1), EMFILE) }
            return (shim_accept(listener.descriptor), errno)
        }
        guard descriptor >= 0 else {
            // While connections are ready, one of them may end: the listener's event comes again.
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(cause), ready.isEmpty { pauseAccepting(cause) }
            return false
        }
        if listener.isUnix, !options.peers.allows(shim_peer_uid(descriptor)) {
            options.report(
                "connection refused", "peer uid \(shim_peer_uid(descriptor)) is not among ALLOWED_PEER_USERS")
            Glibc.close(descriptor)
            return true
        }
        prepare(descriptor)
        guard let connection = table.take() else {
            Glibc.close(descriptor)
            return true
        }
        connection.renew()
        let token = Token.connection(connection.mailbox.index, connection.mailbox.generation).word
        let isWatched = connection.withState {
            $0.open(descriptor, isUnix: listener.isUnix, epoll: epoll, token: token)
        }
        // Its first signal may have come already.
        if isWatched { ready.append(connection) } else { discard(connection) }
        return true
    }

    /// From here on no worker accepts, not even one that an event has just woken for it.
    func endAccepting() { accepting.withLock { $0 = false } }

    private func prepare(_ descriptor: Int32) {
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var room: Int32 = 256 * 1024
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }

    private func pauseAccepting(_ cause: Int32) {
        // In this order: the main thread, which takes the mark away, adds the listeners after it.
        stopListening()
        if acceptPaused.exchange(true, ordering: .relaxed) { return }
        options.report("accept paused", String(cString: strerror(cause)))
    }
}

/// What an event stands for, in epoll's 64 bits.
enum Token {
    case connection(UInt32, UInt32)
    case listener(Int)
    case bell

    private static let special: UInt32 = 0xFFFF_FFFF

    init(word: UInt64) {
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let low = UInt32(truncatingIfNeeded: word)
        self = high != Self.special ? .connection(high, low) : low == Self.special ? .bell : .listener(Int(low))
    }

    var word: UInt64 {
        switch self {
        case .connection(let index, let generation): UInt64(index) << 32 | UInt64(generation)
        case .listener(let index): UInt64(Self.special) << 32 | UInt64(index)
        case .bell: UInt64.max
        }
    }
}
