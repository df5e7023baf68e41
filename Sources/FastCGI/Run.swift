import CFastCGI
import Glibc
import Synchronization

/// The signals that control the process, blocked in every thread. Create before starting threads.
package struct ProcessSignals: Sendable {
    let descriptor: Int32

    package init() {
        descriptor = shim_signals()
        precondition(descriptor >= 0, "signalfd")
    }

    /// The next signal within that time, or nil.
    func next(milliseconds: Int32) -> Int32? {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, milliseconds) == 1 else { return nil }
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return read(descriptor, &information, size) == size ? Int32(information.ssi_signo) : nil
    }
}

extension Server {
    /// Milliseconds between two flushes of the log.
    private static let tick: Int32 = 80
    private static let ticksPerCheck = 3
    private static let maxWorkers = 64
    /// How long idle kept connections stay open after TERM (nginx's keepalive_time is far less).
    private static let keepAliveMilliseconds = 25_000

    /// Starts the workers.
    package func start() {
        startWorkers(max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 2))
        precondition(workers.threads > 0, "no thread could be started")
    }

    /// Runs on the calling thread until drained. The process should then exit without running destructors: workers
    /// still wait.
    package func run(_ signals: ProcessSignals) {
        var heartbeat = Heartbeat(options.supervision)
        var check = WorkerCheck()
        while true {
            supervise(&heartbeat, &check)
            switch signals.next(milliseconds: heartbeat.isServing ? Self.tick : 5) {
            case SIGTERM, SIGINT, SIGUSR1: return drain(signals, &heartbeat, &check)
            case SIGHUP: options.reload?()
            default: break
            }
        }
    }

    /// When the workers were last checked, and how many events they had handled by then.
    private struct WorkerCheck {
        var time = 0
        var events = -1
    }

    /// What the main thread sees to between two signals, at least every `tick`.
    private func supervise(_ heartbeat: inout Heartbeat, _ check: inout WorkerCheck) {
        options.flush()
        heartbeat.check(self)
        if !workers.isPolling { workers.wakeRestingWorker() }
        let now = milliseconds()
        guard now - check.time >= Int(Self.tick) * Self.ticksPerCheck else { return }
        check.time = now
        if acceptPaused.exchange(false, ordering: .relaxed) { listen() }
        // Peers that send half a request hold their worker for up to SO_RCVTIMEO: others must not wait for them.
        let events = workers.eventsTaken
        if events == check.events, workers.busy >= workers.threads { startWorkers(workers.threads) }
        check.events = events
    }

    private func startWorkers(_ count: Int) {
        for _ in 0..<count where workers.threads < Self.maxWorkers && !startWorker(self) { return }
    }

    /// Valid once accepting has ended. `busy` is read first: a worker that accepts stays busy until its connection is
    /// in the table.
    private var isIdle: Bool {
        workers.busy == 0 && table.open == 0
    }

    /// Empties the queues of our own listeners, stops accepting, and waits for every connection to end, or for the
    /// deadline.
    private func drain(_ signals: ProcessSignals, _ heartbeat: inout Heartbeat, _ check: inout WorkerCheck) {
        heartbeat.beginDraining()
        stopListening()
        let start = milliseconds()
        for listener in listeners where listener.isOwn {
            // From here on connecting to a unix socket fails at once; what was queued before can still be accepted.
            if listener.isUnix { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
            acceptQueue(of: listener, until: start + options.drainSeconds * 1000)
            if !listener.isUnix { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
        }
        endAccepting()
        options.report("draining", "\(table.open) connections")
        var isRetiring = false
        while !isIdle {
            let passed = milliseconds() - start
            if passed > options.drainSeconds * 1000 {
                options.report("drain cut short", "\(table.open) connections after \(options.drainSeconds) s")
                return
            }
            if passed > min(Self.keepAliveMilliseconds, options.drainSeconds * 500), !isRetiring {
                isRetiring = true
                for mailbox in table.all { post(.retire, to: mailbox, generation: mailbox.generation) }
            }
            supervise(&heartbeat, &check)
            _ = signals.next(milliseconds: 20)
        }
    }

    private func acceptQueue(of listener: Listener, until deadline: Int) {
        while true {
            switch accept(listener) {
            case .accepted: wakeWorker()
            case .nothingWaits: return
            case .noRoom:
                if milliseconds() > deadline { return }
                wakeWorker()
                usleep(5000)
            }
        }
    }
}

/// A free function: a closure written in code that is isolated to the main actor would trap on another thread.
private func startWorker(_ server: Server) -> Bool {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(server)
    server.workers.addThread()
    let result = pthread_create(
        &thread, nil,
        {
            Unmanaged<Server>.fromOpaque($0!).takeRetainedValue().work(); return nil
        },
        context.toOpaque())
    guard result == 0 else {
        context.release()
        server.workers.removeThread()
        return false
    }
    pthread_detach(thread)
    return true
}
