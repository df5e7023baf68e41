import CFastCGI
import Glibc
import Synchronization
import System

/// Serves FastCGI on its listeners until SIGTERM, SIGINT or SIGUSR1, then drains.
///
/// One worker thread at a time waits on the epoll set. Each of its events is posted to a connection's mailbox, and if
/// that gives the connection an owner, the connection is appended to the queue `ready`. A worker takes it from there,
/// reads the request, runs the handler until it first suspends, and sends what it has written. When a suspended handler
/// writes, it posts an event as well, and its connection reaches a worker through the same queue.
package final class Server: Sendable {
    let listeners: [Listener]
    let options: Options
    private let handler: Handler
    let epoll: Int32
    /// Wakes a worker from epoll_wait. It is never read: it is watched edge-triggered, so each write is an event.
    private let wakeEvent = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    let ready = OwnershipQueue<Connection>()
    let table = ConnectionTable()
    let workers = Workers()
    /// False once the process drains.
    let accepting = Mutex(true)
    let acceptPaused = Atomic<Bool>(false)

    package init(_ listeners: [Listener], _ options: Options, handler: @escaping Handler) {
        // The time in milliseconds that libfcgi waits for a faulty peer to close. The default blocks a worker for 2 s.
        setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1)
        precondition(FCGX_Init() == 0, "FCGX_Init failed")
        self.listeners = listeners
        self.options = options
        self.handler = handler
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        let events = EPOLLIN.rawValue | EPOLLET.rawValue
        let isWatched = shim_epoll_control(epoll, EPOLL_CTL_ADD, wakeEvent, events, Token.wakeEvent.word) == 0
        precondition(epoll >= 0 && wakeEvent >= 0 && isWatched, "epoll_create1, eventfd or epoll_ctl failed")
        watchListeners()
    }

    /// Adds the listeners to the epoll set, at startup and after `pauseAccepting`.
    func watchListeners() {
        let events = EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue
        for (index, listener) in listeners.enumerated() {
            let token = Token.listener(index).word
            if shim_epoll_control(epoll, EPOLL_CTL_ADD, listener.descriptor, events, token) != 0, errno != EEXIST {
                acceptPaused.store(true, ordering: .relaxed)
            }
        }
    }

    func unwatchListeners() {
        for listener in listeners { _ = shim_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    // MARK: Workers

    private static let maxEvents = 16
    private static let runsBetweenPolls = 64
    /// If a queued connection would wait longer than this, another worker is woken.
    private static let acceptableDelayNanoseconds = 200_000

    /// The body of every worker thread. One worker at a time polls. The others rest while it keeps up, because waking
    /// them would cost more than it saves.
    func work() {
        var runs = 0
        while true {
            if runs < Self.runsBetweenPolls, let connection = ready.removeFirst() {
                runs += 1
                let start = MonotonicClock.nanoseconds()
                if (ready.count + 1) * workers.averageRunNanoseconds > Self.acceptableDelayNanoseconds {
                    workers.wakeRestingWorker()
                }
                run(connection)
                workers.countRun(MonotonicClock.nanoseconds() - start)
            } else if workers.beginPolling() {
                runs = 0
                poll()
            } else {
                if runs == 0 { workers.rest() }
                runs = 0
            }
        }
    }

    /// Takes events, and waits for them if no connection is ready. A connection that becomes ready goes into the queue,
    /// so that a worker that has to wait for the rest of a request delays only its own connection.
    private func poll() {
        withUnsafeTemporaryAllocation(of: shim_event.self, capacity: Self.maxEvents) { events in
            var count: Int32 = 0
            let timeout: Int32 = ready.isEmpty ? -1 : 0
            workers.whileNotBusy {
                count = shim_epoll_wait(epoll, events.baseAddress!, Int32(Self.maxEvents), timeout)
            }
            workers.endPolling()
            // New connections come last, because connections that end make room for them.
            let events = events.prefix(Int(max(count, 0))).map { (Token(word: $0.token), $0.events) }
            for (token, events) in events { handleEvent(token, events) }
            for case (.listener(let index), _) in events { accept(listeners[index]) }
        }
    }

    private func handleEvent(_ token: Token, _ events: UInt32) {
        workers.countEvent()
        guard case .connection(let index, let generation) = token else { return }
        var posted: ConnectionEvents = []
        if events & EPOLLIN.rawValue != 0 { posted.insert(.readable) }
        if events & EPOLLOUT.rawValue != 0 { posted.insert(.writable) }
        if events & EPOLLRDHUP.rawValue != 0 { posted.insert(.inputEnded) }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { posted.insert(.hungUp) }
        if let connection = table[index].post(posted, for: generation) { ready.append(connection) }
    }

    /// Causes an event that a worker takes, even if no connection is ready.
    func wakeWorker() {
        eventfd_write(wakeEvent, 1)
        if !workers.isPolling { workers.wakeRestingWorker() }
    }

    /// Posts events to a connection, from any thread, and wakes a worker if that made the connection ready.
    func post(_ events: ConnectionEvents, to mailbox: Mailbox<Connection>, generation: UInt32) {
        guard let connection = mailbox.post(events, for: generation) else { return }
        ready.append(connection)
        wakeWorker()
    }

    // MARK: Connections

    private func run(_ ownership: consuming Ownership<Connection>) {
        let mailbox = ownership.mailbox
        let result = ownership.run { connection, events in
            connection.apply(events)
            return advance(&connection, mailbox)
        }
        switch consume result {
        case .released: break
        case .ended(let ownership): discard(ownership)
        case .unfinished(let ownership): ready.append(ownership)
        }
    }

    /// Advances a connection as far as possible.
    /// - Returns: false if it has ended.
    private func advance(_ connection: inout Connection, _ mailbox: Mailbox<Connection>) -> Bool {
        while true {
            if !connection.isResponding {
                // While this worker waits for the rest of a request, another one runs the connections that are ready.
                let input = connection.nextRequest(
                    maxBodyBytes: options.maxBodyBytes, beforeWaiting: workers.wakeRestingWorker)
                switch input {
                case .none(let isLast): return !isLast
                case .request(let request): connection.begin(handle(request, mailbox))
                }
            }
            // If no connection is ready, the log line is written before the response.
            if ready.isEmpty { options.flush() }
            switch connection.send() {
            case .later: return true
            case .done(let isLast): if isLast { return false }
            }
        }
    }

    private func handle(_ request: Request, _ mailbox: Mailbox<Connection>) -> OutgoingResponse {
        let generation = mailbox.generation
        let output = ResponseBuffer { [self] in post(.output, to: mailbox, generation: generation) }
        let task = Task.immediate { [handler] in await output.send(await handler(request)) }
        return OutgoingResponse(output: output, task: task)
    }

    func discard(_ connection: consuming Ownership<Connection>) {
        connection.withState { $0.close() }
        table.release(connection)
    }
}
