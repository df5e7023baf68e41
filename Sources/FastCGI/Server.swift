import CFastCGI
import Descriptors
import Glibc
import Synchronization

/// Serves FastCGI on its listeners until TERM, INT or USR1, then drains. One set of worker threads waits on one epoll set;
/// the connection that becomes ready is read, answered and armed again by the thread that woke. A handler that never
/// suspends is answered with no hop at all; one that awaits frees its thread at its first suspension, and its answer comes
/// back to a worker through the ready queue, because libfcgi's calls block and stay on these threads.
package final class Server: Sendable {
    package struct Options: Sendable {
        package var maxBodyBytes: Int
        package var drainSeconds: Int
        package var peers: PeerUsers
        /// Called on HUP.
        package var reload: (@Sendable () -> Void)?
        /// For what an operator should know, as (message, detail).
        package var report: @Sendable (String, String) -> Void
        package var supervision: Supervision

        package init(
            maxBodyBytes: Int, drainSeconds: Int, peers: PeerUsers, reload: (@Sendable () -> Void)? = nil,
            report: @escaping @Sendable (String, String) -> Void, supervision: Supervision
        ) {
            self.maxBodyBytes = maxBodyBytes
            self.drainSeconds = drainSeconds
            self.peers = peers
            self.reload = reload
            self.report = report
            self.supervision = supervision
        }
    }

    let listeners: [Listener]
    let options: Options
    private let handler: Handler
    let epoll: Int32
    let table = ConnectionTable()
    private let ready: ReadyQueue
    let workers = WorkerCount()
    private let accepting = Mutex(())

    package init(_ listeners: [Listener], _ options: Options, handler: Handler) {
        // libfcgi waits this long (ms) for a bad peer's close; its default is two seconds of a worker's time.
        setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1)
        precondition(FCGX_Init() == 0, "FCGX_Init")
        self.listeners = listeners
        self.options = options
        self.handler = handler
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        ready = ReadyQueue()
        precondition(epoll >= 0, "epoll_create1")
        watch(ready.descriptor, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, .ready)
        listen()
    }

    /// Listeners are in the set from the start, and again after a pause for want of descriptors.
    func listen() {
        for (index, listener) in listeners.enumerated() {
            watch(listener.descriptor, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, .listener(index))
        }
    }

    /// An event for whichever worker is free, though nothing is to be done.
    func wakeWorker() { ready.wake() }

    func stopListening() {
        for listener in listeners { _ = shim_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    private func watch(_ descriptor: Int32, _ events: UInt32, _ token: Token) {
        _ = shim_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, token.word)
    }

    // MARK: A worker

    /// The body of every worker thread.
    func work() {
        var events: UInt32 = 0
        var token: UInt64 = 0
        while true {
            guard shim_epoll_wait(epoll, &events, &token) == 1 else { continue }
            workers.busy.add(1, ordering: .sequentiallyConsistent)
            switch Token(word: token) {
            case .listener(let index): accept(listeners[index])
            case .ready: if let connection = ready.take() { answer(connection) }
            case .connection(let index, let generation):
                woken(table[index], generation, events)
            }
            workers.busy.subtract(1, ordering: .sequentiallyConsistent)
            workers.served.add(1, ordering: .relaxed)
        }
    }

    /// True if there was a connection to take.
    @discardableResult
    func accept(_ listener: Listener) -> Bool {
        // systemd clears O_NONBLOCK on a shared listener whenever it starts another process with it.
        if !listener.isOwn { _ = shim_set_nonblocking(listener.descriptor) }
        // One worker at a time: what one finds free, another must not take.
        let (descriptor, cause) = accepting.withLock { _ in
            if Descriptors.areUsedUp(open: listener.descriptor) { return (Int32(-1), EMFILE) }
            return (shim_accept(listener.descriptor), errno)
        }
        guard descriptor >= 0 else {
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(cause) { pauseAccepting(cause) }
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
        connection.open(descriptor)
        connection.advance(to: .parked)
        let events = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue
        if shim_epoll_control(epoll, EPOLL_CTL_ADD, descriptor, events, connection.token) != 0 { close(connection) }
        return true
    }

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
        if workers.acceptPaused.exchange(true, ordering: .relaxed) { return }
        options.report("accept paused", String(cString: strerror(cause)))
    }

    private func woken(_ connection: Connection, _ generation: UInt32, _ events: UInt32) {
        let state = connection.state
        guard state.generation == generation else { return }
        switch state.phase {
        case .parked:
            // Taken with a new generation, so that a closing drain and this worker cannot both have it.
            guard connection.move(generation, from: .parked, to: .running) else { return }
            if events & EPOLLIN.rawValue == 0 { close(connection) } else { serve(connection) }
        case .running, .suspended:
            if connection.move(generation, from: .running, to: .hungUp)
                || connection.move(generation, from: .suspended, to: .hungUp)
            {
                connection.cancel(generation)
            } else if connection.state == (generation, .streaming) {
                hungUp(connection, generation)
            }
        case .streaming:
            if events & EPOLLOUT.rawValue == 0 || events & hangUp != 0 {
                hungUp(connection, generation)
            } else {
                pump(connection, generation)
            }
        case .free, .hungUp, .answered: return
        }
    }

    private func serve(_ connection: Connection) {
        connection.advance(to: .running)
        guard let request = connection.read(maxBodyBytes: options.maxBodyBytes) else { return close(connection) }
        let generation = connection.state.generation
        let respond: @Sendable (Request) async -> Response
        switch handler {
        case .immediate(let respond):
            connection.response = respond(request)
            return answer(connection)
        case .suspending(let suspending): respond = suspending
        }
        let task = Task.immediate { [self] in
            await handled(connection, generation, await respond(request))
        }
        if connection.state.phase == .answered { return answer(connection) }
        connection.remember(task)
        arm(connection, 0)
        if !connection.move(generation, from: .running, to: .suspended), connection.state.phase == .answered {
            answer(connection)
        }
    }

    /// Watches for these events once, and always for the peer's leaving.
    private func arm(_ connection: Connection, _ events: UInt32) {
        let events = events | EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue
        _ = shim_epoll_control(epoll, EPOLL_CTL_MOD, connection.descriptor, events, connection.token)
    }

    // MARK: The handler's side, on any thread

    private func handled(_ connection: Connection, _ generation: UInt32, _ response: Response) async {
        guard case .stream(let produce) = response.body else {
            connection.response = response
            // From running, its worker is still there and looks; from any other phase, one must be called.
            if connection.exchange(.answered) != .running { ready.post(connection) }
            return
        }
        while connection.state.phase == .running { await Task.yield() }
        let stream = writer(connection, response.head, ended: false)
        connection.remember(stream)
        if connection.move(generation, from: .suspended, to: .streaming) {
            stream.start()
        } else {
            _ = stream.fail()
        }
        await produce(stream)
        if stream.end() { ready.post(connection) }
    }

    private func writer(_ connection: Connection, _ bytes: [UInt8], ended: Bool) -> StreamWriter {
        StreamWriter(bytes, ended: ended) { [self] in arm(connection, $0) }
    }

    private func hungUp(_ connection: Connection, _ generation: UInt32) {
        guard let stream = connection.stream(generation) else { return }
        if stream.fail() { return close(connection) }
        connection.cancel(generation)
    }

    // MARK: Answers, on a worker

    private static let portion = 64 * 1024

    /// The request is this worker's: from running or the ready queue.
    private func answer(_ connection: Connection) {
        guard let response = connection.response, case .bytes(let body) = response.body else {
            return close(connection)
        }
        if body.count > Self.portion {
            let stream = writer(connection, response.head + body, ended: true)
            connection.advance(to: .streaming)
            connection.remember(stream)
            stream.start()
        } else if connection.write(response.head), connection.write(body) {
            park(connection)
        } else {
            close(connection)
        }
    }

    private func pump(_ connection: Connection, _ generation: UInt32) {
        guard let stream = connection.stream(generation) else { return }
        switch stream.pump({ connection.write($0) && connection.flush() }) {
        case .wait: return
        case .done: park(connection)
        case .broken: hungUp(connection, generation)
        }
    }

    private func park(_ connection: Connection) {
        guard connection.finish() else { return close(connection) }
        connection.advance(to: .parked)
        arm(connection, EPOLLIN.rawValue)
    }

    /// What is left of a request is finished without a word to the peer.
    func close(_ connection: Connection) {
        _ = connection.finish()
        connection.close()
        table.give(connection)
    }
}

private let hangUp = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue

/// What an event stands for, in epoll's 64 bits.
enum Token {
    case connection(UInt32, UInt32)
    case listener(Int)
    case ready

    private static let special: UInt32 = 0xFFFF_FFFF

    init(word: UInt64) {
        let high = UInt32(truncatingIfNeeded: word >> 32)
        let low = UInt32(truncatingIfNeeded: word)
        self = high != Self.special ? .connection(high, low) : low == Self.special ? .ready : .listener(Int(low))
    }

    var word: UInt64 {
        switch self {
        case .connection(let index, let generation): UInt64(index) << 32 | UInt64(generation)
        case .listener(let index): UInt64(Self.special) << 32 | UInt64(index)
        case .ready: UInt64.max
        }
    }
}
