import CFastCGI
import Glibc
import Synchronization
import System

/// The main thread's part of the server.
extension Server {
    /// How often the main thread flushes the log and checks the heartbeat, if no signal arrives.
    private static let tickMilliseconds: Int32 = 80
    /// Used until the process is reported as serving, so that the report isn't delayed.
    private static let startTickMilliseconds: Int32 = 5
    private static let drainTickMilliseconds: Int32 = 20
    private static let workerCheckMilliseconds = 240
    private static let maxWorkers = 64
    /// How long keep-alive connections stay open after SIGTERM. It is far longer than nginx's keepalive_time, so that
    /// nginx closes them first, and never sends a request on a connection that this process is closing. It is at most
    /// half of DRAIN_SECONDS, so that the last request of such a connection has the other half.
    private static let keepAliveMilliseconds = 25_000

    /// How long connections are accepted at most from each shared listener when a drain begins.
    private static let sharedQueueMilliseconds = 100

    /// glibc's initial value. If it isn't set, each large block that is freed raises it, up to 32 MiB.
    private static let minMappedBytes: Int32 = 128 << 10

    package func start() {
        // Large blocks are mapped, and returned to the system when they are freed. On the heap, small blocks behind
        // them would prevent that: under load, 10 of the 11.5 MiB of `ozon-download`'s heap were free.
        mallopt(M_MMAP_THRESHOLD, Self.minMappedBytes)
        startWorkers(max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 2))
        precondition(workers.threads > 0, "no thread could be started")
    }

    /// Runs on the calling thread until drained. The process should then exit without running destructors, because
    /// workers still wait.
    package func run(_ signals: ProcessSignals) {
        var upkeep = Upkeep(heartbeat: Heartbeat(options.serviceManager))
        var isEnding = false
        while true {
            tick(&upkeep)
            if isEnding, options.claimDrainTurn() { return drain(signals, &upkeep) }
            switch signals.next(
                milliseconds: upkeep.heartbeat.hasReportedState ? Self.tickMilliseconds : Self.startTickMilliseconds)
            {
            case SIGTERM, SIGINT, SIGUSR1:
                if options.claimDrainTurn() { return drain(signals, &upkeep) }
                if !isEnding { options.report("waiting to drain", "until another process serves") }
                isEnding = true
            case SIGHUP: options.reload?()
            default: break
            }
        }
    }

    private struct Upkeep {
        var heartbeat: Heartbeat
        var isDraining = false
        /// The time of the last check of the workers, and how many events they had taken by then.
        var checkTime = 0
        var checkedEvents = -1
    }

    private func tick(_ upkeep: inout Upkeep) {
        options.flush()
        upkeep.heartbeat.check(self)
        if !workers.isPolling { workers.wakeRestingWorker() }
        let now = MonotonicClock.milliseconds()
        guard now - upkeep.checkTime >= Self.workerCheckMilliseconds else { return }
        upkeep.checkTime = now
        // A listener that was shut down would report its end forever.
        if !upkeep.isDraining, acceptPaused.exchange(false, ordering: .relaxed) { watchListeners() }
        // A peer that has sent half a request blocks its worker for up to SO_RCVTIMEO. Others must not wait for it.
        let events = workers.eventCount
        if events == upkeep.checkedEvents, workers.busy >= workers.threads { startWorkers(workers.threads) }
        upkeep.checkedEvents = events
    }

    private func startWorkers(_ count: Int) {
        for _ in 0..<count where workers.threads < Self.maxWorkers {
            workers.addThread()
            guard startThread({ self.work() }) else { return workers.removeThread() }
        }
    }

    /// Valid once accepting has ended. `busy` is read first: a worker that accepts stays busy until its connection is
    /// in the table.
    private var isIdle: Bool {
        workers.busy == 0 && table.openCount == 0
    }

    /// Empties the queues of the listeners, stops accepting, and waits until all connections have ended or the
    /// time is up.
    private func drain(_ signals: ProcessSignals, _ upkeep: inout Upkeep) {
        upkeep.isDraining = true
        upkeep.heartbeat.beginDraining()
        unwatchListeners()
        let start = MonotonicClock.milliseconds()
        for listener in listeners where !listener.isPrivate {
            // The kernel may have woken only this process for a connection. Later ones wake the others.
            acceptQueue(of: listener, until: MonotonicClock.milliseconds() + Self.sharedQueueMilliseconds, &upkeep)
        }
        for listener in listeners where listener.isPrivate {
            // After the shutdown, connecting to a unix socket fails at once, but queued connections can be accepted.
            if listener.isUnix { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
            acceptQueue(of: listener, until: start + options.drainSeconds * 1000, &upkeep)
            if !listener.isUnix { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }
        }
        endAccepting()
        options.report("draining", "\(table.openCount) connections")
        var isRetiring = false
        while !isIdle {
            let elapsed = MonotonicClock.milliseconds() - start
            if elapsed > options.drainSeconds * 1000 {
                options.report("drain cut short", "\(table.openCount) connections after \(options.drainSeconds) s")
                return
            }
            if elapsed > min(Self.keepAliveMilliseconds, options.drainSeconds * 1000 / 2), !isRetiring {
                isRetiring = true
                for mailbox in table.all { post(.retire, to: mailbox, generation: mailbox.generation) }
            }
            tick(&upkeep)
            if signals.next(milliseconds: Self.drainTickMilliseconds) == SIGHUP { options.reload?() }
        }
    }

    /// Accepts the pending connections. To a listener that is still open, others may arrive all the time.
    private func acceptQueue(of listener: Listener, until deadline: Int, _ upkeep: inout Upkeep) {
        while MonotonicClock.milliseconds() <= deadline {
            let result = accept(listener)
            if result == .nothingPending { return }
            tick(&upkeep)
            wakeWorker()
            if result == .exhausted { usleep(5000) }
        }
    }
}
