import Foundation
import TestSupport
import Testing

@testable import Core
@testable import FastCGI

@Suite("The service manager's notification socket")
struct ServiceNotifierTests {
    private func notifier(_ environment: [String: String]) -> ServiceNotifier {
        ServiceNotifier { environment[$0] }
    }

    private func path() -> String { "/tmp/notify-\(UUID().uuidString.prefix(8))" }

    @Test("each sign is one datagram, to a path or to an abstract name", arguments: ["", "@"])
    func signs(prefix: String) throws {
        let name = prefix + path()
        defer { if prefix.isEmpty { unlink(name) } }
        let socket = try NotifySocket(name)
        let supervision = notifier(["NOTIFY_SOCKET": name]).supervision()
        for (sign, datagram) in [
            (Supervision.Sign.serving, "READY=1\nSTATUS=Serving"), (.alive, "WATCHDOG=1"),
            (.draining, "STOPPING=1\nSTATUS=Draining"),
        ] {
            supervision.tell(sign)
            #expect(socket.receive(within: 5) == datagram)
        }
        #expect(socket.receive(within: 0) == nil)
    }

    @Test("the watchdog is fed twice in its time, by the process it is meant for")
    func watchdog() {
        let named = ["NOTIFY_SOCKET": "/tmp/x", "WATCHDOG_USEC": "30000000"]
        #expect(notifier(named).supervision().aliveMilliseconds == 15_000)
        let ours = named.merging(["WATCHDOG_PID": String(getpid())]) { $1 }
        #expect(notifier(ours).supervision().aliveMilliseconds == 15_000)
        let others = named.merging(["WATCHDOG_PID": String(getpid() + 1)]) { $1 }
        #expect(notifier(others).supervision().aliveMilliseconds == nil)
        for wrong in ["", "0", "-5", "soon"] {
            let set = named.merging(["WATCHDOG_USEC": wrong]) { $1 }
            #expect(notifier(set).supervision().aliveMilliseconds == nil, "\(wrong)")
        }
        #expect(notifier(["WATCHDOG_USEC": "30000000"]).supervision().aliveMilliseconds == nil)
    }

    @Test(
        "without a socket, or with a name that can be none, nothing happens",
        arguments: [nil, "", "x", "vsock:2:1", "/\(String(repeating: "x", count: 107))", "/tmp/nobody-listens-here"])
    func nobody(name: String?) {
        notifier(name.map { ["NOTIFY_SOCKET": $0] } ?? [:]).supervision().tell(.serving)
    }
}
