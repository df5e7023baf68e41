import CFastCGI
import Glibc

/// The signals that control the process, blocked in every thread. Create it before the first thread starts.
package struct ProcessSignals: Sendable {
    private let descriptor: Int32

    package init() {
        descriptor = shim_signals()
        precondition(descriptor >= 0, "signalfd failed")
    }

    /// Waits for a signal; nil if none arrives in time.
    func next(milliseconds: Int32) -> Int32? {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, milliseconds) == 1 else { return nil }
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return read(descriptor, &information, size) == size ? Int32(information.ssi_signo) : nil
    }
}
