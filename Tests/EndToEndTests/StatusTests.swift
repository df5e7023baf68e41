import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The pages ping, status and metrics, through nginx.
    @Suite struct Status {
        private func get(
            _ client: NginxClient, _ endpoint: Endpoint, _ page: String = "status", _ headers: [String] = []
        ) throws -> HTTPResponse {
            try http("GET", port: client.port, "/ozon-r2/\(endpoint)/\(page)", headers)
        }

        @Test(arguments: Endpoint.allCases)
        func `Every endpoint serves ping, status and metrics`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            let ping = try get(client, endpoint, "ping")
            #expect((ping.status, ping.text, ping["Content-Type"]) == (200, "pong\n", "text/plain"))
            let status = try get(client, endpoint)
            #expect(status["Content-Type"] == "application/json")
            #expect(status.json["pool"].string == endpoint.rawValue)
            #expect(status.json["total processes"].int == 1)
            #expect(try get(client, endpoint, "metrics").text.hasSuffix("# EOF\n"))
            let unknown = try get(client, endpoint, "more")
            #expect(unknown.status == 404 && unknown.json["code"].string == "NOT_FOUND")
        }

        @Test func `Each of two processes on one socket reports both under load, and each request counts once`()
            throws
        {
            let nginx = try NginxInstance()
            let socket = nginx.socketPath(.presign)
            let processes = try ChildProcess(
                "spawn-fcgi",
                ["-n", "-s", socket, "--", "/usr/bin/multiwatch", "-f", "2", "--", executable(.presign)],
                environment: try sandbox().settings)
            try eventually("both processes are reported") { () -> Bool in
                try #require(processes.isRunning)
                guard FileManager.default.fileExists(atPath: socket) else { return false }
                return (try? get(nginx.client, .presign))?.json["total processes"].int == 2
            }
            let load = try WrkLoad(nginx.client, .presign)
            for _ in 0..<100 {
                let status = try get(nginx.client, .presign).json
                let each = status["processes"].list
                #expect(each.count == 2)
                #expect(each.compactMap { $0["accepted conn"].int }.reduce(0, +) == status["accepted conn"].int)
                #expect(try #require(status["in flight"].int) <= 16)
            }
            try eventually("both processes have served requests") {
                try get(nginx.client, .presign).json["processes"].list.allSatisfy { ($0["accepted conn"].int ?? 0) > 0 }
            }
            let summary = try load.stop()
            #expect(summary.failed == 0)
            let status = try eventually("nothing is in flight") {
                let status = try get(nginx.client, .presign).json
                return status["in flight"].int == 0 ? status : nil
            }
            let counted = try #require(status["by status"]["200"].int)
            // wrk may not have received the responses to its last requests, one for each connection.
            #expect((summary.requests...summary.requests + 16).contains(counted))
            #expect(status["urls signed"].int == counted && status["latency"]["count"].int == counted)

            // One process is killed, and multiwatch starts another.
            let pids = status["processes"].list.compactMap { $0["pid"].int }
            kill(pid_t(pids[0]), SIGKILL)
            try eventually("its page is replaced by the new process's page") {
                let now = (try? get(nginx.client, .presign))?.json["processes"].list.compactMap { $0["pid"].int } ?? []
                return now.count == 2 && now.contains(pids[1]) && !now.contains(pids[0])
            }
            let directory = URL(fileURLWithPath: socket).deletingLastPathComponent().path
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(!names.contains("\(Endpoint.presign).\(pids[0]).status"))
            processes.signal(SIGTERM)
            try processes.wait()
        }

        @Test func `A replaced process is reported as draining, and then no longer`() throws {
            let nginx = try NginxInstance()
            let old = try nginx.start(.download, ["OZON_TIMEOUT": "600"])
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            defer { try? ozon.release(clientID) }
            let slow = try old.connect()
            try slow.socket.send(
                FastCGIConnection.request(
                    Array(downloadBody(["A-1"], clientID: clientID, key: "held").utf8), key: try sandbox().key))
            try eventually("Ozon is called") { try ozon.calls(of: clientID).count == 1 }
            let new = try nginx.start(.download)
            old.child.signal(SIGTERM)
            let both = try eventually("the drain is reported") { () -> [JSONValue]? in
                let processes = try get(nginx.client, .download).json["processes"].list
                return processes.contains { $0["draining"].bool == true } ? processes : nil
            }
            #expect(
                Set(both.map { "\($0["pid"]) \($0["draining"].bool == true)" })
                    == ["\(old.child.pid) true", "\(new.child.pid) false"])
            try ozon.release(clientID)
            #expect(try slow.response().status == 200)
            #expect(try old.child.wait() == 0)
            #expect(try get(nginx.client, .download).json["total processes"].int == 1)
        }

        @Test(arguments: Endpoint.allCases)
        func `A killed process leaves a page until the next one starts`(_ endpoint: Endpoint) throws {
            let directory = try TemporaryDirectory()
            func pages() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.contains(".status") }
            }
            let settings = ["RUNTIME_DIRECTORY": directory.path]
            for _ in 0..<3 {
                let killed = try EndpointProcess(endpoint, settings, socket: directory.file("h.sock"))
                #expect(try pages() == ["\(endpoint).\(killed.child.pid).status"])
                killed.child.signal(SIGKILL)
                try killed.child.wait()
            }
            let last = try EndpointProcess(endpoint, settings, socket: directory.file("h.sock"))
            #expect(try pages() == ["\(endpoint).\(last.child.pid).status"])
            #expect(try last.stop() == 0)
            #expect(try pages().isEmpty)
        }

        @Test func `A page with another layout is reported as unreadable, and the others are read`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.presign)
            let directory = URL(fileURLWithPath: process.socketPath).deletingLastPathComponent().path
            let page = "\(directory)/\(Endpoint.presign).7.status"
            // Locked before it is renamed, as a process does it; a page without a lock would be removed.
            let file = open("\(page).new", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
            #expect(rename("\(page).new", page) == 0)
            let status = try get(nginx.client, .presign).json
            #expect(status["unreadable processes"].list.map(\.int) == [7])
            #expect(status["processes"].list.map { $0["pid"].int } == [Int(process.child.pid)])
            #expect(try get(nginx.client, .presign, "metrics").text.hasSuffix("# EOF\n"))
        }

        @Test func `A process on a port, which has no directory, reports itself only`() throws {
            let port = try closedPort()
            let child = try ChildProcess(
                executable(.presign), ["--listen", "127.0.0.1:\(port)"], environment: try sandbox().settings)
            let connection = try eventually("the process listens") { try? SocketConnection(port: port) }
            let response = try FastCGIConnection(connection).post("", with: [("OZON_R2_STATUS", "/status")])
            #expect(response.json["processes"].list.map { $0["pid"].int } == [Int(child.pid)])
        }

        @Test func `Pages are in RUNTIME_DIRECTORY, which systemd sets`() throws {
            let directory = try TemporaryDirectory()
            let process = try EndpointProcess(.presign, ["RUNTIME_DIRECTORY": "\(directory.path):/elsewhere"])
            let name = "\(Endpoint.presign).\(process.child.pid).status"
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [name])
            #expect(try process.stop() == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        }

        @Test func `Ping and a probe without a key are answered while MAX_IN_FLIGHT is reached`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.download, ["MAX_IN_FLIGHT": "1", "OZON_TIMEOUT": "600"])
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            defer { try? ozon.release(clientID) }
            let slow = try nginx.client.open(
                .download, Array(downloadBody(["A-1"], clientID: clientID, key: "held").utf8))
            try eventually("Ozon is called") { try ozon.calls(of: clientID).count == 1 }
            #expect(try get(nginx.client, .download, "ping").text == "pong\n")
            expect(try nginx.client.post(.download, Endpoint.download.goodBody), .overloaded)
            let probe = try ChildProcess.run("\(repository)/deploy/probe", [process.socketPath])
            #expect(probe.code == 0, "\(probe)")
            let status = try get(nginx.client, .download).json
            #expect((status["in flight"].int, status["max children reached"].int) == (1, 1))
            try ozon.release(clientID)
            #expect(try HTTPResponse(try slow.readToEnd()).status == 200)
            #expect(process.child.isRunning)
        }

        @Test func `Only the same machine can read the pages, and no header selects them`() throws {
            let client = try sandbox().client
            for page in ["ping", "status", "metrics"] {
                let from = ["--interface", "127.0.0.2", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
                let url = "http://127.0.0.1:\(client.port)/ozon-r2/\(Endpoint.presign)/\(page)"
                let (_, output, _) = try ChildProcess.run("curl", from + [url])
                #expect(String(decoding: output, as: UTF8.self) == "403")
            }
            let asked = try client.post(.presign, Endpoint.presign.goodBody, with: ["OZON-R2-STATUS: /status"])
            #expect(asked.json["upload_url"].exists)
            let empty = try NginxInstance()
            let down = try get(empty.client, .presign)
            #expect(down.status == 502 && down.json["code"].string == "BACKEND_UNAVAILABLE")
        }

        @Test func `Copies and failures are counted for each upstream, also in OpenMetrics`() throws {
            let fixture = try CopyFixture(["IMAGE_TIMEOUT": "20"])
            try define("ONCE", ["fault-500-once-status.jpg"])
            let articles = ["2194435300", "ONCE", "FAULT-IMG-404"]
            let copied = try fixture.copy(articles).json["data"]
            _ = try fixture.nginx.client.post(.download, downloadBody(["A-1"], key: "internal"))
            _ = try fixture.nginx.client.post(.download, downloadBody(["A-1"], ["presign": true]))
            let status = try get(fixture.nginx.client, .download).json
            #expect(status["images copied"].int == copied["success_images"].int)
            #expect(status["images failed"].int == 1)
            #expect(status["by status"].description == #"{"200":2,"502":1}"#)
            let (ozon, cdn, r2) = (status["upstreams"]["ozon"], status["upstreams"]["cdn"], status["upstreams"]["r2"])
            #expect((ozon["ok"].int, ozon["failed"].int, ozon["retries"].int) == (2, 3, 2))
            #expect((cdn["ok"].int, cdn["failed"].int, cdn["refused"].int) == (copied["success_images"].int, 1, 1))
            #expect(cdn["retries"].int == 1)
            #expect(r2["ok"].int == copied["success_images"].int)
            #expect(r2["latency"]["count"].int == r2["ok"].int)
            let stored = try fixture.stored().values.map(\.bytes).reduce(0, +)
            #expect(status["bytes relayed"].int == stored)
            #expect(try #require(status["urls signed"].int) > 0)

            let python = try #require(ProcessInfo.processInfo.environment["TEST_PYTHON"])
            let metrics = try get(fixture.nginx.client, .download, "metrics")
            #expect(
                metrics["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            let script = """
                import json, sys
                from prometheus_client.openmetrics.parser import text_string_to_metric_families
                samples = {}
                for family in text_string_to_metric_families(sys.stdin.read()):
                    for sample in family.samples:
                        assert sample.labels["endpoint"] == "ozon-download" and sample.labels["pid"].isdigit(), sample
                        rest = {k: v for k, v in sample.labels.items() if k not in ("endpoint", "pid")}
                        samples[" ".join([sample.name] + sorted(rest.values()))] = sample.value
                print(json.dumps(samples))
                """
            let (code, output, errors) = try ChildProcess.run(python, ["-c", script], input: metrics.body)
            try #require(code == 0, "\(errors)")
            let samples = JSONValue(String(decoding: output, as: UTF8.self))
            for (name, value) in [
                ("ozon_r2_requests_total 200 OK", 2), ("ozon_r2_requests_total 502 OZON_UNAVAILABLE", 1),
                ("ozon_r2_upstream_calls_total failed ozon", 3), ("ozon_r2_upstream_retries_total cdn", 1),
                ("ozon_r2_relayed_bytes_total", stored), ("ozon_r2_images_failed_total", 1),
                ("ozon_r2_upstream_call_seconds_bucket +Inf ozon", 5), ("ozon_r2_request_seconds_count", 3),
                ("ozon_r2_requests_in_flight", 0), ("ozon_r2_draining", 0),
            ] {
                #expect(samples[name].int == value, "\(name)")
            }
        }
    }
}
