import CFastCGI
import Glibc
import Synchronization

/// The signals that steer the process, blocked in every thread. Made before any thread starts.
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
    private static let ticksBetweenLooks = 3
    private static let maxWorkers = 64
    /// How long a kept connection is served after TERM if its peer doesn't close it (nginx's keepalive_time is far less).
    private static let keptMilliseconds = 25_000

    /// Runs on the calling thread until drained. The process should then exit without running destructors: workers still wait.
    package func run(_ signals: ProcessSignals) {
        let base = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 2)
        var threads = 0
        func start(_ count: Int) {
            for _ in 0..<count where threads < Self.maxWorkers && startWorker(self) { threads += 1 }
        }
        start(base)
        precondition(threads > 0, "no thread could be started")
        var pulse = Pulse(options.supervision)
        var (ticks, served) = (0, -1)
        while true {
            options.flush()
            switch signals.next(milliseconds: pulse.isServing ? Self.tick : 5) {
            case SIGTERM, SIGINT, SIGUSR1: return drain(signals, &pulse)
            case SIGHUP: options.reload?()
            default:
                if !workers.isPolling { workers.callAnother() }
                ticks += 1
                guard ticks % Self.ticksBetweenLooks == 0 else { break }
                resumeAccepting()
                // Peers that send half a request hold their worker up to SO_RCVTIMEO: others must not wait for them.
                let now = workers.eventsTaken
                if now == served, workers.busy >= threads { start(threads) }
                served = now
            }
            pulse.feel(self)
        }
    }

    /// After the queues were emptied. Asked in this order: a worker that has just accepted is busy until its connection is
    /// in the table.
    private var isIdle: Bool {
        workers.busy == 0 && table.open == 0
    }

    private func resumeAccepting() {
        if acceptPaused.exchange(false, ordering: .relaxed) { listen() }
    }

    /// Takes what waits in sockets of our own, accepts no more, and returns when every connection has ended, or in time.
    private func drain(_ signals: ProcessSignals, _ pulse: inout Pulse) {
        options.supervision.tell(.draining)
        stopListening()
        for listener in listeners where listener.isOwn {
            if listener.isUnix {
                // From here on connecting fails at once; what was queued before can still be accepted.
                shutdown(listener.descriptor, Int32(SHUT_RDWR))
                while accept(listener) { wakeWorker() }
            } else {
                while accept(listener) { wakeWorker() }
                shutdown(listener.descriptor, Int32(SHUT_RDWR))
            }
        }
        endAccepting()
        options.report("draining", "\(table.open) connections")
        let start = milliseconds()
        var isRetiring = false
        while !isIdle {
            let passed = milliseconds() - start
            if passed > options.drainSeconds * 1000 {
                options.report("drain cut short", "\(table.open) connections after \(options.drainSeconds) s")
                return
            }
            if passed > Self.keptMilliseconds, !isRetiring {
                isRetiring = true
                for mailbox in table.all { leave(.retire, in: mailbox, for: mailbox.generation) }
            }
            options.flush()
            pulse.feel(self)
            _ = signals.next(milliseconds: 20)
        }
    }
}

/// A free function, and its closure too: one written where the main actor reigns traps on another thread.
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
