import Foundation
import Testing

extension EndToEnd {
    /// A newer process takes the older one's place; nobody notices.
    @Suite struct Takeover {
        @Test(arguments: ["on", "off"])
        func `Twenty restarts under load lose no request`(keepConnections: String) throws {
            let stage = try Stage([
                ("ozon-r2/fastcgi.conf", "fastcgi_keep_conn on", "fastcgi_keep_conn \(keepConnections)")
            ])
            var handler = try stage.handler(.presign)
            let load = try Load(stage.site, .presign)
            func serves(_ handler: Handler) throws {
                try eventually("the handler serves the load") {
                    guard handler.program.isRunning, load.isRunning else { throw TooLate(description: "it ended") }
                    return try served(handler) > 200_000
                }
            }
            try serves(handler)
            var old: [Handler] = []
            for _ in 0..<20 {
                old.append(handler)
                handler = try stage.handler(.presign)
                old.last?.program.signal(SIGTERM)
                try serves(handler)
            }
            let seen = try load.stop()
            #expect(seen.failed == 0)
            #expect(seen.requests > 1000)
            for handler in old { #expect(try handler.program.wait() == 0) }
            #expect(try stage.site.post(.presign, Endpoint.presign.goodBody).status == 200)
        }

        /// In bytes of log: cheap to ask.
        private func served(_ handler: Handler) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: handler.log)[.size] as? Int ?? 0
        }

        @Test(.enabled(if: isLong))
        func `Under multiwatch one process after the other gets the new executable, and nothing is lost`() throws {
            let stage = try Stage()
            let folder = try Scratch()
            let (installed, new) = (folder.file("installed"), folder.file("new"))
            for path in [installed, new] {
                try FileManager.default.copyItem(atPath: executable(.presign), toPath: path)
            }
            let watch = try Program(
                "spawn-fcgi",
                ["-s", stage.socket(.presign), "-n", "--", "/usr/bin/multiwatch", "-f", "2", "--", installed],
                environment: try sandbox().settings)
            func processes() throws -> [pid_t] {
                let (_, output, _) = try Program.run("pgrep", ["-P", "\(watch.pid)", "-f", "^\(installed)$"])
                return String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap { pid_t($0) }
            }
            try eventually("two processes") { try processes().count == 2 }
            let load = try Load(stage.site, .presign)
            let old = try processes()
            #expect(rename(new, installed) == 0)
            for process in old {
                kill(process, SIGTERM)
                try eventually("another is in its place") {
                    let now = try processes()
                    return now.count == 2 && !now.contains(process)
                }
            }
            #expect(try Set(processes()).isDisjoint(with: old))
            let seen = try load.stop()
            #expect(seen.failed == 0)
            #expect(seen.requests > 1000)
            watch.signal(SIGTERM)
            #expect(try watch.wait() == 0)
        }

        @Test func `A second process takes the path over while the first still answers what it has`() throws {
            let scratch = try Scratch()
            let old = try Handler(.download, socket: scratch.file("s.sock"))
            let client = nextClient()
            let slow = try old.connect()
            try slow.wire.send(request(downloadBody(["A-1"], client: client, key: "slow-1s")))
            try eventually("Ozon is asked") { try sandbox().calls(of: client).count == 1 }
            let new = try Handler(.download, socket: old.socket)
            old.program.signal(SIGTERM)
            #expect(try new.post(Endpoint.download.goodBody).status == 200)
            #expect(old.program.isRunning)
            #expect(try slow.answer().status == 200)
            #expect(try old.program.wait() == 0)
            #expect(try old.messages("request").count == 1)
            #expect(
                try new.post(Endpoint.download.goodBody).status == 200, "the old one's end left the new one's socket")
        }

        private func request(_ body: String) throws -> [UInt8] {
            FastCGIWire.request(Array(body.utf8), key: try sandbox().key)
        }

        @Test(arguments: [SIGTERM, SIGUSR1, SIGINT])
        func `TERM answers what is in flight, takes no more, and exits 0`(_ signal: Int32) throws {
            let handler = try Handler(.download).warmedUp()
            let client = nextClient()
            let open = try (0..<5).map { _ in
                let wire = try handler.connect()
                try wire.wire.send(request(downloadBody(["A-1"], client: client, key: "slow-1s")))
                return wire
            }
            try eventually("all five are in flight") { try sandbox().calls(of: client).count == 5 }
            handler.program.signal(signal)
            try eventually("no new connection is taken") { (try? handler.connect()) == nil }
            for wire in open { #expect(try wire.answer().status == 200) }
            #expect(try handler.program.wait() == 0)
            #expect(try handler.messages("stopped").count == 1)
        }

        @Test(arguments: ["path", "port"])
        func `What waited in the queue of its own socket when TERM came is still answered`(_ kind: String) throws {
            let scratch = try Scratch()
            let port = try freePort()
            let address = kind == "path" ? scratch.file("s.sock") : "127.0.0.1:\(port)"
            func connect() throws -> Wire { try kind == "path" ? Wire(path: address) : Wire(port: port) }
            let handler = try Handler(.presign, socket: address)
            handler.program.signal(SIGSTOP)
            let waiting = try (0..<10).map { _ in
                let wire = FastCGIWire(try connect())
                try wire.wire.send(request(Endpoint.presign.goodBody))
                return wire
            }
            handler.program.signal(SIGTERM)
            handler.program.signal(SIGCONT)
            for wire in waiting { #expect(try wire.answer().status == 200) }
            #expect(try handler.program.wait() == 0)
        }

        @Test func `A kept connection is served on while the process drains, until its peer closes`() throws {
            let handler = try Handler(.presign)
            let kept = try handler.connect()
            #expect(try kept.post(Endpoint.presign.goodBody, keep: true).status == 200)
            handler.program.signal(SIGTERM)
            try eventually("it drains") { try handler.messages("draining").count == 1 }
            for _ in 0..<3 { #expect(try kept.post(Endpoint.presign.goodBody, keep: true).status == 200) }
            #expect(handler.program.isRunning)
            kept.wire.finish()
            #expect(try handler.program.wait() == 0)
        }

        @Test func `A drain ends after DRAIN_SECONDS, whatever is in flight`() throws {
            let handler = try Handler(.download, ["DRAIN_SECONDS": "1", "OZON_TIMEOUT": "60"])
            let client = nextClient()
            let stalled = try handler.connect()
            try stalled.wire.send(request(downloadBody(["A-1"], client: client, key: "stall")))
            try eventually("Ozon is asked") { try sandbox().calls(of: client).count == 1 }
            let passed = try seconds { _ = try handler.stop() }
            #expect(handler.program.status == 0)
            #expect(passed >= 1 && passed < 4)
            #expect(try handler.messages("drain cut short").count == 1)
        }

        @Test func `HUP and a closed browser end nothing`() throws {
            try Handler(.presign).outlives { handler in
                handler.program.signal(SIGHUP)
                handler.program.signal(SIGPIPE)
                for _ in 0..<10 { _ = try handler.connect().wire.send(request(Endpoint.presign.goodBody)) }
            }
        }
    }
}
