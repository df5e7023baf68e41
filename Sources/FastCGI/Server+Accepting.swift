import CFastCGI
import Glibc
import Synchronization
import System

extension Server {
    enum AcceptResult {
        /// A connection was taken from the queue, even if it was closed at once.
        case taken
        case nothingPending
        /// The process has no descriptor or memory for another connection now.
        case exhausted
    }

    /// Accepts one connection, if one is pending and its peer is allowed.
    @discardableResult
    func accept(_ listener: Listener) -> AcceptResult {
        // systemd clears O_NONBLOCK on a shared listener whenever it starts another process with it.
        if !listener.isPrivate { _ = shim_set_nonblocking(listener.descriptor) }
        // Serialized: otherwise two workers could both take the last descriptor that isn't reserved.
        let (descriptor, error) = accepting.withLock { isAccepting in
            if !isAccepting { return (Int32(-1), EAGAIN) }
            if Descriptors.areExhausted(probingWith: listener.descriptor) { return (Int32(-1), EMFILE) }
            return (shim_accept(listener.descriptor), errno)
        }
        guard descriptor >= 0 else {
            guard [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error) else {
                // After a connection that its peer has already closed, others may be pending.
                return error == ECONNABORTED ? .taken : .nothingPending
            }
            // If connections are queued, one may end and free a descriptor; the listener's event will come again.
            if ready.isEmpty { pauseAccepting(error) }
            return .exhausted
        }
        open(descriptor, of: listener)
        return .taken
    }

    private func open(_ descriptor: Int32, of listener: Listener) {
        if listener.isUnix, !options.peers.allows(uid: shim_peer_uid(descriptor)) {
            options.report(
                "connection denied", "peer uid \(shim_peer_uid(descriptor)) is not among ALLOWED_PEER_USERS")
            Glibc.close(descriptor)
            return
        }
        configureSocket(descriptor, isUnix: listener.isUnix)
        guard let connection = table.acquire() else {
            Glibc.close(descriptor)
            return
        }
        connection.renew()
        let mailbox = connection.mailbox
        let token = Token.connection(index: mailbox.index, generation: mailbox.generation).word
        let isWatched = connection.withState {
            $0.open(descriptor, isUnix: listener.isUnix, epoll: epoll, token: token)
        }
        // Its first event may have been posted already.
        if isWatched { ready.append(connection) } else { discard(connection) }
    }

    /// Afterwards no worker accepts, not even one that an event has just woken for it.
    func endAccepting() { accepting.withLock { $0 = false } }

    /// How long libfcgi may block a worker in one read or write. nginx buffers a request before it sends it, so only a
    /// faulty peer takes longer.
    ///
    /// The time of a whole request is not limited: a peer that sends a byte every few seconds can occupy a worker
    /// without limit. The main thread then starts more workers, up to `maxWorkers`. This is accepted because only local
    /// programs can connect: those of the users in ALLOWED_PEER_USERS to a unix socket, and any to a port on loopback.
    private static let timeoutSeconds = 5

    /// The send buffer must hold a whole response of up to `ResponseBuffer.limit` bytes and the kernel's overhead, so
    /// that writing one never blocks.
    private static let sendBufferBytes: Int32 = 256 * 1024

    private func configureSocket(_ descriptor: Int32, isUnix: Bool) {
        let timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
        setSocketOption(SO_RCVTIMEO, of: descriptor, to: timeout)
        setSocketOption(SO_SNDTIMEO, of: descriptor, to: timeout)
        setSocketOption(SO_SNDBUF, of: descriptor, to: Self.sendBufferBytes)
        // The last bytes of a response must not wait for the peer's delayed acknowledgement.
        if !isUnix { setSocketOption(TCP_NODELAY, of: descriptor, level: Int32(IPPROTO_TCP), to: 1 as Int32) }
    }

    private func pauseAccepting(_ error: Int32) {
        // The flag is set last. Otherwise the main thread could clear it and add the listeners before they are removed
        // here, and nothing would add them again.
        unwatchListeners()
        if acceptPaused.exchange(true, ordering: .relaxed) { return }
        options.report("accept paused", errnoText(error))
    }
}
