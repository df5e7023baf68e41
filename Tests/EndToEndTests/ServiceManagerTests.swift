import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Notifications to a service manager: systemd's Type=notify and WatchdogSec.
    @Suite struct ServiceManager {
        private let directory = try! TemporaryDirectory()
        private let watchdog = ["WATCHDOG_USEC": "1000000"]

        private func start(
            _ endpoint: Endpoint, _ settings: [String: String] = [:]
        ) throws -> (ChildProcess, NotifySocket) {
            let socket = try NotifySocket(directory.file("notify"))
            let environment = try sandbox().settings.merging(["NOTIFY_SOCKET": directory.file("notify")]) { $1 }
            let child = try ChildProcess(
                executable(endpoint), ["--listen", directory.file("s.sock")],
                environment: environment.merging(settings) { $1 }, errors: directory.file("log"))
            return (child, socket)
        }

        private func expectReady(_ socket: NotifySocket) {
            #expect(socket.receive(within: 10) == "READY=1\nSTATUS=Serving")
        }

        @Test(arguments: Endpoint.allCases)
        func `READY is sent once it listens and STOPPING when it drains, and nothing else without a watchdog`(
            _ endpoint: Endpoint
        ) throws {
            let (child, socket) = try start(endpoint)
            expectReady(socket)
            #expect(
                try FastCGIConnection(path: directory.file("s.sock"), timeout: 20).post(endpoint.goodBody).status == 200
            )
            child.signal(SIGTERM)
            #expect(socket.receive(within: 10) == "STOPPING=1\nSTATUS=Draining")
            #expect(try child.wait() == 0)
            #expect(socket.receive(within: 0) == nil)
        }

        @Test func `A start that fails never sends READY`() throws {
            let (child, socket) = try start(.presign, ["R2_BUCKET_NAME": ""])
            #expect(try child.wait() == 78)
            #expect(socket.receive(within: 0) == nil)
        }

        @Test func `The watchdog is notified when the process is idle and while it drains`() throws {
            let (child, socket) = try start(.presign, watchdog)
            expectReady(socket)
            for _ in 0..<3 { #expect(socket.receive(within: 10) == "WATCHDOG=1") }
            let kept = try FastCGIConnection(path: directory.file("s.sock"), timeout: 20)
            #expect(try kept.post(Endpoint.presign.goodBody, keep: true).status == 200)
            child.signal(SIGTERM)
            try eventually("the process drains") { socket.receive(within: 10) == "STOPPING=1\nSTATUS=Draining" }
            for _ in 0..<3 { #expect(socket.receive(within: 10) == "WATCHDOG=1") }
            kept.socket.finish()
            #expect(try child.wait() == 0)
        }

        @Test func `The watchdog is not notified if all workers are stuck`() throws {
            let (child, socket) = try start(.presign, watchdog)
            expectReady(socket)
            #expect(socket.receive(within: 10) == "WATCHDOG=1")
            try withFrozenWorkers(of: child) {
                while socket.receive(within: 0) != nil {}
                // A notification may already be in progress.
                let end = Date(timeIntervalSinceNow: 5)
                var late: [String] = []
                while let message = socket.receive(within: max(end.timeIntervalSinceNow, 0)) { late.append(message) }
                #expect(late.count <= 1, "notified although no worker runs: \(late)")
            }
            #expect(socket.receive(within: 10) == "WATCHDOG=1")
            child.signal(SIGTERM)
            #expect(try child.wait() == 0)
        }

        /// Stops every thread except the main one during the body. A traced process cannot be waited for.
        private func withFrozenWorkers(of child: ChildProcess, _ body: () throws -> Void) throws {
            let directory = "/proc/\(child.pid)/task"
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            let threads = names.compactMap { Int($0) }.filter { $0 != Int(child.pid) }
            defer { for thread in threads { ptrace(detach, thread) } }
            for thread in threads {
                #expect(ptrace(seize, thread) == 0 && ptrace(interrupt, thread) == 0)
                try eventually("thread \(thread) stops") {
                    let status = try String(contentsOfFile: "\(directory)/\(thread)/stat", encoding: .utf8)
                    return status.split(separator: ") ").last?.first == "t"
                }
            }
            try body()
        }
    }
}

private let seize = 0x4206
private let interrupt = 0x4207
private let detach = 17

/// ptrace(2), which Swift does not import because it is variadic. All calls must be on the same thread.
@discardableResult
private func ptrace(_ request: Int, _ thread: Int) -> Int {
    typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
    return unsafeBitCast(dlsym(nil, "ptrace"), to: Function.self)(request, thread, 0, 0)
}
