import CCurl
import Synchronization
import System

/// The thread that runs the multi handle. The first transfer starts it, so that it inherits the process's signal mask.
final class TransferLoop: @unchecked Sendable {
    private struct Inbox {
        var isRunning = false
        var added: [Transfer] = []
        var cancelled: [Transfer] = []
        var resumed: [Transfer] = []
    }

    private let inbox = Mutex(Inbox())
    private let multi: UnsafeMutableRawPointer
    /// The transfers that have not been started, in order.
    private var waiting: [Transfer] = []
    /// The transfers that libcurl is running, by easy handle. libcurl itself holds no reference to them.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    private var downloads = 0
    private var lastStallCheck = ContinuousClock.now
    /// A lower bound of the deadlines of all transfers.
    private var nextDeadline: ContinuousClock.Instant?

    private let options: HTTPClient.Options
    let connections = OpenConnections()

    init(_ options: HTTPClient.Options) {
        self.options = options
        precondition(curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, "curl_global_init failed")
        multi = curl_multi_init()
        check(shim_set_multi_long(multi, CURLMOPT_MAXCONNECTS, options.maxTransfers))
        check(shim_set_multi_long(multi, CURLMOPT_PIPELINING, options.allowsHTTP2 ? Int(CURLPIPE_MULTIPLEX) : 0))
    }

    /// Only a loop whose thread never started is released: the thread keeps it alive.
    deinit { curl_multi_cleanup(multi) }

    func add(_ transfer: Transfer) {
        let mustStart = inbox.withLock { inbox in
            inbox.added.append(transfer)
            defer { inbox.isRunning = true }
            return !inbox.isRunning
        }
        if mustStart, !startThread({ self.run() }) { return failAll() }
        curl_multi_wakeup(multi)
    }

    /// Called when the thread could not be started. The next transfer tries again.
    private func failAll() {
        let failed = inbox.withLock { inbox in
            defer { inbox = Inbox() }
            return inbox.added
        }
        for transfer in failed {
            transfer.failure = .unreachable("the transfer thread could not be started")
            transfer.finish(nil)
        }
    }

    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        inbox.withLock { $0.cancelled.append(transfer) }
        curl_multi_wakeup(multi)
    }

    /// A pipe has room, or bytes, again.
    func resume(_ transfer: Transfer) {
        inbox.withLock { $0.resumed.append(transfer) }
        curl_multi_wakeup(multi)
    }

    private func run() -> Never {
        while true {
            takeInbox()
            var running: Int32 = 0
            check(curl_multi_perform(multi, &running))
            var code = CURLE_OK
            while let easy = shim_ended(multi, &code) { complete(easy, code) }
            endStalled()
            endOverdue()
            startWaiting()
            check(curl_multi_poll(multi, nil, 0, Int32(pollTimeout.milliseconds), nil))
        }
    }

    /// How long to wait for events: at most until the next deadline.
    private var pollTimeout: Duration {
        let longest = Duration.milliseconds(downloads > 0 ? 1000 : 10_000)
        guard let nextDeadline else { return longest }
        // Rounded up: a wait that ends before the deadline would make the loop spin until then.
        return min(longest, max(ContinuousClock.now.duration(to: nextDeadline) + .milliseconds(1), .zero))
    }

    /// Not inlined, so that no transfer is kept alive while the loop waits.
    @inline(never)
    private func takeInbox() {
        let (added, cancelled, resumed) = inbox.withLock { inbox in
            defer { (inbox.added, inbox.cancelled, inbox.resumed) = ([], [], []) }
            return (inbox.added, inbox.cancelled, inbox.resumed)
        }
        added.forEach(enqueue)
        cancelled.forEach(remove)
        resumed.forEach { $0.resume() }
        startWaiting()
    }

    private func enqueue(_ transfer: Transfer) {
        if transfer.isCancelled.load(ordering: .acquiring) { return transfer.finish(nil) }
        waiting.append(transfer)
        nextDeadline = min(nextDeadline ?? transfer.deadline, transfer.deadline)
    }

    /// Starts the transfers that need not wait. libcurl has a queue too (CURLMOPT_MAX_TOTAL_CONNECTIONS and
    /// CURLOPT_PIPEWAIT), but 7.88 doesn't check the timeouts of the transfers in it, and 8.14 may loop forever when
    /// one times out.
    @inline(never)
    private func startWaiting() {
        while let next = waiting.first, active.count < options.maxTransfers, !waitsForConnection(next) {
            waiting.removeFirst()
            begin(next)
        }
    }

    /// Whether a connection is being established that may turn out to use HTTP/2, so that the transfer can share it.
    /// Of many transfers at once, only the first resolves and connects.
    private func waitsForConnection(_ transfer: Transfer) -> Bool {
        options.allowsHTTP2 && transfer.request.url.utf8.starts(with: "https:".utf8)
            && !active.isEmpty && !active.values.contains(where: \.hasStartedSending)
    }

    private func begin(_ transfer: Transfer) {
        guard let easy = transfer.prepare(options) else { return transfer.finish(CURLE_OUT_OF_MEMORY) }
        activate(transfer, easy)
    }

    private func activate(_ transfer: Transfer, _ easy: UnsafeMutableRawPointer) {
        active[easy] = transfer
        if transfer.isDownload { downloads += 1 }
        check(curl_multi_add_handle(multi, easy))
    }

    private func remove(_ transfer: Transfer) {
        if let index = waiting.firstIndex(where: { $0 === transfer }) {
            waiting.remove(at: index)
            return transfer.finish(nil)
        }
        guard let easy = transfer.easy else { return }
        let key = UnsafeMutableRawPointer(easy)
        guard deactivate(key) != nil else { return }
        check(curl_multi_remove_handle(multi, key))
        transfer.finish(nil)
    }

    private func deactivate(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        guard let transfer = active.removeValue(forKey: easy) else { return nil }
        if transfer.isDownload { downloads -= 1 }
        if let ends = transfer.connectionEnds { connections.end(between: ends) }
        return transfer
    }

    private func endStalled() {
        guard downloads > 0, lastStallCheck.duration(to: .now) >= .seconds(1) else { return }
        lastStallCheck = .now
        for transfer in active.values.filter(\.isStalled) {
            transfer.failure = .timeout
            remove(transfer)
        }
    }

    /// Ends the transfers whose deadline has passed, among them those that wait.
    private func endOverdue() {
        guard let next = nextDeadline, next <= .now else { return }
        for transfer in (waiting + active.values).filter({ $0.deadline <= .now }) {
            transfer.failure = .timeout
            remove(transfer)
        }
        nextDeadline = (waiting + active.values).map(\.deadline).min()
    }

    private func complete(_ easy: UnsafeMutableRawPointer, _ code: CURLcode) {
        guard let transfer = deactivate(easy) else { return }
        check(curl_multi_remove_handle(multi, easy))
        guard transfer.needsNewConnection else { return transfer.finish(code) }
        transfer.prepareNewConnection()
        activate(transfer, easy)
    }
}

private func check(_ code: CURLMcode) {
    precondition(code == CURLM_OK, "libcurl: \(String(cString: curl_multi_strerror(code)))")
}
