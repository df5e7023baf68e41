import Foundation
import TestSupport
import Testing

@testable import Core
@testable import FastCGI

@Suite struct ServiceNotifierTests {
    private func notifier(_ environment: [String: String]) -> ServiceNotifier {
        ServiceNotifier { environment[$0] }
    }

    private func path() -> String { "/tmp/notify-\(UUID().uuidString.prefix(8))" }

    @Test(arguments: ["", "@"])
    func `Each state is sent as one datagram to a path or an abstract name`(prefix: String) throws {
        let name = prefix + path()
        defer { if prefix.isEmpty { unlink(name) } }
        let socket = try NotifySocket(name)
        let manager = notifier(["NOTIFY_SOCKET": name]).serviceManager()
        for (state, datagram) in [
            (ServiceManager.State.serving, "READY=1\nSTATUS=Serving"), (.alive, "WATCHDOG=1"),
            (.draining, "STOPPING=1\nSTATUS=Draining"),
        ] {
            manager.notify(state)
            #expect(socket.receive(within: 5) == datagram)
        }
        #expect(socket.receive(within: 0) == nil)
    }

    @Test func `The watchdog interval is half of WATCHDOG_USEC, in the process that WATCHDOG_PID names`() {
        let named = ["NOTIFY_SOCKET": "/tmp/x", "WATCHDOG_USEC": "30000000"]
        #expect(notifier(named).serviceManager().aliveMilliseconds == 15_000)
        let ours = named.merging(["WATCHDOG_PID": String(getpid())]) { $1 }
        #expect(notifier(ours).serviceManager().aliveMilliseconds == 15_000)
        let others = named.merging(["WATCHDOG_PID": String(getpid() + 1)]) { $1 }
        #expect(notifier(others).serviceManager().aliveMilliseconds == nil)
        for wrong in ["", "0", "-5", "soon"] {
            let set = named.merging(["WATCHDOG_USEC": wrong]) { $1 }
            #expect(notifier(set).serviceManager().aliveMilliseconds == nil, "\(wrong)")
        }
        #expect(notifier(["WATCHDOG_USEC": "30000000"]).serviceManager().aliveMilliseconds == nil)
    }

    @Test(arguments: [nil, "", "x", "vsock:2:1", "/\(String(repeating: "x", count: 107))", "/tmp/nobody-listens-here"])
    func `Nothing happens without a socket or with an invalid name`(name: String?) {
        notifier(name.map { ["NOTIFY_SOCKET": $0] } ?? [:]).serviceManager().notify(.serving)
    }
}
