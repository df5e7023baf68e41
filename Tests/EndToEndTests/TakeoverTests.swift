import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A new process takes over from an old one without an effect on callers.
    @Suite struct Takeover {
        @Test(arguments: ["on", "off"])
        func `Twenty restarts under load lose no request`(keepConnections: String) throws {
            let nginx = try NginxInstance([
                ("ozon-r2/fastcgi.conf", "fastcgi_keep_conn on", "fastcgi_keep_conn \(keepConnections)")
            ])
            var process = try nginx.start(.presign)
            let load = try WrkLoad(nginx.client, .presign)
            func serves(_ process: EndpointProcess) throws {
                try eventually("the process serves the load") {
                    guard process.child.isRunning, load.isRunning else { throw TimedOut("it ended") }
                    return try served(process) > 200_000
                }
            }
            try serves(process)
            var old: [EndpointProcess] = []
            for _ in 0..<20 {
                old.append(process)
                process = try nginx.start(.presign)
                old.last?.child.signal(SIGTERM)
                try serves(process)
            }
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 1000)
            for process in old { #expect(try process.child.wait() == 0) }
            #expect(try nginx.client.post(.presign, Endpoint.presign.goodBody).status == 200)
        }

        /// The size of the log, as a measure of the requests served.
        private func served(_ process: EndpointProcess) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: process.log)[.size] as? Int ?? 0
        }

        @Test(.enabled(if: runsLongTests))
        func `Under multiwatch each process is replaced by the new executable and no request fails`() throws {
            let nginx = try NginxInstance()
            let directory = try TemporaryDirectory()
            let (installed, new) = (directory.file("installed"), directory.file("new"))
            for path in [installed, new] { try installExecutable(executable(.presign), as: path) }
            let watch = try ChildProcess(
                "spawn-fcgi",
                ["-s", nginx.socketPath(.presign), "-n", "--", "/usr/bin/multiwatch", "-f", "2", "--", installed],
                environment: try sandbox().settings)
            func processes() throws -> [pid_t] {
                let (_, output, _) = try ChildProcess.run("pgrep", ["-P", "\(watch.pid)", "-f", "^\(installed)$"])
                return String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap { pid_t($0) }
            }
            try eventually("two processes run") { try processes().count == 2 }
            let load = try WrkLoad(nginx.client, .presign)
            let old = try processes()
            #expect(rename(new, installed) == 0)
            for process in old {
                kill(process, SIGTERM)
                try eventually("another process has replaced it") {
                    let now = try processes()
                    return now.count == 2 && !now.contains(process)
                }
            }
            #expect(try Set(processes()).isDisjoint(with: old))
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 1000)
            watch.signal(SIGTERM)
            #expect(try watch.wait() == 0)
        }

        @Test func `A second process takes over the path while the first finishes its requests`() throws {
            let directory = try TemporaryDirectory()
            let old = try EndpointProcess(.download, ["OZON_TIMEOUT": "600"], socket: directory.file("s.sock"))
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            defer { try? ozon.release(clientID) }
            let slow = try old.connect()
            try slow.socket.send(request(downloadBody(["A-1"], clientID: clientID, key: "held")))
            try eventually("Ozon is called") { try ozon.calls(of: clientID).count == 1 }
            let new = try EndpointProcess(.download, socket: old.socketPath)
            old.child.signal(SIGTERM)
            #expect(try new.post(Endpoint.download.goodBody).status == 200)
            #expect(old.child.isRunning)
            try ozon.release(clientID)
            #expect(try slow.response().status == 200)
            #expect(try old.child.wait() == 0)
            #expect(try old.messages("request").count == 1)
            #expect(
                try new.post(Endpoint.download.goodBody).status == 200,
                "the old process's end does not remove the new one's socket")
        }

        private func request(_ body: String) throws -> [UInt8] {
            FastCGIConnection.request(Array(body.utf8), key: try sandbox().key)
        }

        @Test(arguments: [SIGTERM, SIGUSR1, SIGINT])
        func `TERM finishes requests in flight, accepts no more and exits with 0`(_ signal: Int32) throws {
            let process = try EndpointProcess(.download).warmedUp()
            let clientID = newClientID()
            let open = try (0..<5).map { _ in
                let connection = try process.connect()
                try connection.socket.send(request(downloadBody(["A-1"], clientID: clientID, key: "slow-1s")))
                return connection
            }
            try eventually("all five are in flight") { try sandbox().calls(of: clientID).count == 5 }
            process.child.signal(signal)
            try eventually("no new connection is accepted") { (try? process.connect()) == nil }
            for connection in open { #expect(try connection.response().status == 200) }
            #expect(try process.child.wait() == 0)
            #expect(try process.messages("stopped").count == 1)
        }

        @Test(arguments: ["path", "port"])
        func `Connections in the listen queue when TERM arrives are still served`(_ kind: String) throws {
            let directory = try TemporaryDirectory()
            let port = try closedPort()
            let address = kind == "path" ? directory.file("s.sock") : "127.0.0.1:\(port)"
            func connect() throws -> SocketConnection {
                try kind == "path" ? SocketConnection(path: address) : SocketConnection(port: port)
            }
            let process = try EndpointProcess(.presign, socket: address)
            process.child.signal(SIGSTOP)
            let waiting = try (0..<10).map { _ in
                let connection = FastCGIConnection(try connect())
                try connection.socket.send(request(Endpoint.presign.goodBody))
                return connection
            }
            process.child.signal(SIGTERM)
            process.child.signal(SIGCONT)
            for connection in waiting { #expect(try connection.response().status == 200) }
            #expect(try process.child.wait() == 0)
        }

        @Test func `A draining process serves a kept connection until its peer closes`() throws {
            let process = try EndpointProcess(.presign)
            let kept = try process.connect()
            #expect(try kept.post(Endpoint.presign.goodBody, keep: true).status == 200)
            process.child.signal(SIGTERM)
            try eventually("the process drains") { try process.messages("draining").count == 1 }
            for _ in 0..<3 { #expect(try kept.post(Endpoint.presign.goodBody, keep: true).status == 200) }
            #expect(process.child.isRunning)
            kept.socket.finish()
            #expect(try process.child.wait() == 0)
        }

        @Test func `A drain ends after DRAIN_SECONDS even with requests in flight`() throws {
            let process = try EndpointProcess(.download, ["DRAIN_SECONDS": "1", "OZON_TIMEOUT": "60"])
            let clientID = newClientID()
            let stalled = try process.connect()
            try stalled.socket.send(request(downloadBody(["A-1"], clientID: clientID, key: "stall")))
            try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == 1 }
            let elapsed = try elapsedSeconds { _ = try process.stop() }
            #expect(process.child.status == 0)
            #expect(elapsed >= 1 && elapsed < 10)
            #expect(try process.messages("drain cut short").count == 1)
        }

        @Test func `The process survives HUP, PIPE and callers that disconnect`() throws {
            try EndpointProcess(.presign).survives { process in
                process.child.signal(SIGHUP)
                process.child.signal(SIGPIPE)
                for _ in 0..<10 { _ = try process.connect().socket.send(request(Endpoint.presign.goodBody)) }
            }
        }
    }
}
