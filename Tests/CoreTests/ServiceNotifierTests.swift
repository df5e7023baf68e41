import Foundation
import TestSupport
import Testing

@testable import Core
@testable import FastCGI

@Suite struct ServiceNotifierTests {
    private func manager(_ environment: [String: String]) -> ServiceManager {
        ServiceNotifier { environment[$0] }.serviceManager(onDrain: {})
    }

    @Test(arguments: ["", "@"])
    func `Each state is sent as one datagram to a path or an abstract name`(prefix: String) throws {
        let directory = try TemporaryDirectory()
        let name = prefix + directory.file("notify")
        let socket = try NotifySocket(name)
        let manager = manager(["NOTIFY_SOCKET": name])
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
        let environment = ["NOTIFY_SOCKET": "/tmp/x", "WATCHDOG_USEC": "30000000"]
        #expect(manager(environment).aliveMilliseconds == 15_000)
        let own = environment.merging(["WATCHDOG_PID": String(getpid())]) { $1 }
        #expect(manager(own).aliveMilliseconds == 15_000)
        let other = environment.merging(["WATCHDOG_PID": String(getpid() + 1)]) { $1 }
        #expect(manager(other).aliveMilliseconds == nil)
        for interval in ["", "0", "-5", "soon"] {
            let invalid = environment.merging(["WATCHDOG_USEC": interval]) { $1 }
            #expect(manager(invalid).aliveMilliseconds == nil, "\(interval)")
        }
        #expect(manager(["WATCHDOG_USEC": "30000000"]).aliveMilliseconds == nil)
    }

    @Test(arguments: [nil, "", "x", "vsock:2:1", "/\(String(repeating: "x", count: 107))", "/tmp/no-such-socket"])
    func `Nothing happens without a socket or with an invalid name`(name: String?) {
        manager(name.map { ["NOTIFY_SOCKET": $0] } ?? [:]).notify(.serving)
    }
}
