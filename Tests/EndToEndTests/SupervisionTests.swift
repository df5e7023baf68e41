import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What a service manager is told: systemd's Type=notify and WatchdogSec.
    @Suite struct Supervised {
        private let folder = try! Scratch()
        private let watchdog = ["WATCHDOG_USEC": "1000000"]

        private func start(
            _ endpoint: Endpoint, _ settings: [String: String] = [:]
        ) throws -> (Program, NotifySocket) {
            let socket = try NotifySocket(folder.file("notify"))
            let environment = try sandbox().settings.merging(["NOTIFY_SOCKET": folder.file("notify")]) { $1 }
            let program = try Program(
                executable(endpoint), ["--listen", folder.file("s.sock")],
                environment: environment.merging(settings) { $1 }, errors: folder.file("log"))
            return (program, socket)
        }

        private func expectReady(_ socket: NotifySocket) {
            #expect(socket.receive(within: 10) == "READY=1\nSTATUS=Serving")
        }

        @Test(arguments: Endpoint.allCases)
        func `READY comes when it listens; STOPPING when it drains; nothing else without a watchdog`(
            _ endpoint: Endpoint
        ) throws {
            let (program, socket) = try start(endpoint)
            expectReady(socket)
            #expect(try FastCGIWire(path: folder.file("s.sock"), patience: 20).post(endpoint.goodBody).status == 200)
            program.signal(SIGTERM)
            #expect(socket.receive(within: 10) == "STOPPING=1\nSTATUS=Draining")
            #expect(try program.wait() == 0)
            #expect(socket.receive(within: 0) == nil)
        }

        @Test func `A start that fails is never READY`() throws {
            let (program, socket) = try start(.presign, ["R2_BUCKET_NAME": ""])
            #expect(try program.wait() == 78)
            #expect(socket.receive(within: 0) == nil)
        }

        @Test func `The watchdog is fed when idle, and while a drain lasts`() throws {
            let (program, socket) = try start(.presign, watchdog)
            expectReady(socket)
            for _ in 0..<3 { #expect(socket.receive(within: 10) == "WATCHDOG=1") }
            let kept = try FastCGIWire(path: folder.file("s.sock"), patience: 20)
            #expect(try kept.post(Endpoint.presign.goodBody, keep: true).status == 200)
            program.signal(SIGTERM)
            try eventually("it drains") { socket.receive(within: 10) == "STOPPING=1\nSTATUS=Draining" }
            for _ in 0..<3 { #expect(socket.receive(within: 10) == "WATCHDOG=1") }
            kept.wire.finish()
            #expect(try program.wait() == 0)
        }

        @Test func `Workers that are all stuck feed no watchdog, though the main thread runs`() throws {
            let (program, socket) = try start(.presign, watchdog)
            expectReady(socket)
            #expect(socket.receive(within: 10) == "WATCHDOG=1")
            try withFrozenWorkers(of: program) {
                while socket.receive(within: 0) != nil {}
                // The first may have been on its way.
                let late = [socket.receive(within: 2), socket.receive(within: 2)]
                #expect(late.last! == nil, "fed though no worker runs: \(late)")
            }
            #expect(socket.receive(within: 10) == "WATCHDOG=1")
            program.signal(SIGTERM)
            #expect(try program.wait() == 0)
        }

        /// Every thread but the main one stands still meanwhile. A process cannot be waited for as long as it is traced.
        private func withFrozenWorkers(of program: Program, _ body: () throws -> Void) throws {
            let folder = "/proc/\(program.pid)/task"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            let threads = names.compactMap { Int($0) }.filter { $0 != Int(program.pid) }
            defer { for thread in threads { ptrace(detach, thread) } }
            for thread in threads {
                #expect(ptrace(seize, thread) == 0 && ptrace(interrupt, thread) == 0)
                try eventually("thread \(thread) stands still") {
                    let status = try String(contentsOfFile: "\(folder)/\(thread)/stat", encoding: .utf8)
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

/// ptrace(2), which Swift doesn't import because it is variadic. Always on the same thread.
@discardableResult
private func ptrace(_ request: Int, _ thread: Int) -> Int {
    typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
    return unsafeBitCast(dlsym(nil, "ptrace"), to: Function.self)(request, thread, 0, 0)
}
