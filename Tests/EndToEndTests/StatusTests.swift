import Foundation
import Testing

extension EndToEnd {
    /// Ping, status and metrics, through nginx.
    @Suite struct Status {
        private func ask(
            _ site: Site, _ endpoint: Endpoint, _ page: String = "status", _ headers: [String] = []
        ) throws -> HTTPAnswer {
            try http("GET", port: site.port, "/ozon-r2/\(endpoint)/\(page)", headers)
        }

        @Test(arguments: Endpoint.allCases)
        func `Every endpoint of the sandbox answers all three`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            let ping = try ask(site, endpoint, "ping")
            #expect((ping.status, ping.text, ping["Content-Type"]) == (200, "pong\n", "text/plain"))
            let status = try ask(site, endpoint)
            #expect(status["Content-Type"] == "application/json")
            #expect(status.json["pool"].string == endpoint.rawValue)
            #expect(status.json["total processes"].int == 1)
            #expect(try ask(site, endpoint, "metrics").text.hasSuffix("# EOF\n"))
            let unknown = try ask(site, endpoint, "more")
            #expect(unknown.status == 404 && unknown.json["code"].string == "NOT_FOUND")
        }

        @Test func `Two processes on one socket are told of by either, under load, and each request counts once`()
            throws
        {
            let stage = try Stage()
            let socket = stage.socket(.presign)
            let processes = try Program(
                "spawn-fcgi",
                ["-n", "-s", socket, "--", "/usr/bin/multiwatch", "-f", "2", "--", executable(.presign)],
                environment: try sandbox().settings)
            try eventually("both processes") { () -> Bool in
                try #require(processes.isRunning)
                guard FileManager.default.fileExists(atPath: socket) else { return false }
                return (try? ask(stage.site, .presign))?.json["total processes"].int == 2
            }
            let load = try Load(stage.site, .presign)
            for _ in 0..<100 {
                let status = try ask(stage.site, .presign).json
                let each = status["processes"].list
                #expect(each.count == 2)
                #expect(each.compactMap { $0["accepted conn"].int }.reduce(0, +) == status["accepted conn"].int)
                #expect(try #require(status["in flight"].int) <= 16)
            }
            try eventually("both have worked") {
                try ask(stage.site, .presign).json["processes"].list.allSatisfy { ($0["accepted conn"].int ?? 0) > 0 }
            }
            let seen = try load.stop()
            #expect(seen.failed == 0)
            let status = try eventually("nothing is in flight") {
                let status = try ask(stage.site, .presign).json
                return status["in flight"].int == 0 ? status : nil
            }
            let counted = try #require(status["by status"]["200"].int)
            // wrk's last requests, one for each connection, may have been answered without being seen.
            #expect((seen.requests...seen.requests + 16).contains(counted))
            #expect(status["urls signed"].int == counted && status["latency"]["count"].int == counted)

            // One dies without a word; multiwatch starts another.
            let pids = status["processes"].list.compactMap { $0["pid"].int }
            kill(pid_t(pids[0]), SIGKILL)
            try eventually("its page is gone, and that of multiwatch's next one is there") {
                let now = (try? ask(stage.site, .presign))?.json["processes"].list.compactMap { $0["pid"].int } ?? []
                return now.count == 2 && now.contains(pids[1]) && !now.contains(pids[0])
            }
            let folder = URL(fileURLWithPath: socket).deletingLastPathComponent().path
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!names.contains("\(Endpoint.presign).\(pids[0]).status"))
            processes.signal(SIGTERM)
            try processes.wait()
        }

        @Test func `A process that another replaces is told of as draining, then no more`() throws {
            let stage = try Stage()
            let old = try stage.handler(.download)
            let client = nextClient()
            let slow = try old.connect()
            try slow.wire.send(
                FastCGIWire.request(
                    Array(downloadBody(["A-1"], client: client, key: "slow-1s").utf8), key: try sandbox().key))
            try eventually("Ozon is asked") { try sandbox().calls(of: client).count == 1 }
            let new = try stage.handler(.download)
            old.program.signal(SIGTERM)
            let both = try eventually("the drain is seen") { () -> [JSONValue]? in
                let processes = try ask(stage.site, .download).json["processes"].list
                return processes.contains { $0["draining"].bool == true } ? processes : nil
            }
            #expect(
                Set(both.map { "\($0["pid"]) \($0["draining"].bool == true)" })
                    == ["\(old.program.pid) true", "\(new.program.pid) false"])
            #expect(try slow.answer().status == 200)
            #expect(try old.program.wait() == 0)
            #expect(try ask(stage.site, .download).json["total processes"].int == 1)
        }

        @Test(arguments: Endpoint.allCases)
        func `A process that was killed leaves a page until the next one starts`(_ endpoint: Endpoint) throws {
            let folder = try Scratch()
            func pages() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains(".status") }
            }
            let settings = ["RUNTIME_DIRECTORY": folder.path]
            for _ in 0..<3 {
                let killed = try Handler(endpoint, settings, socket: folder.file("h.sock"))
                #expect(try pages() == ["\(endpoint).\(killed.program.pid).status"])
                killed.program.signal(SIGKILL)
                try killed.program.wait()
            }
            let last = try Handler(endpoint, settings, socket: folder.file("h.sock"))
            #expect(try pages() == ["\(endpoint).\(last.program.pid).status"])
            #expect(try last.stop() == 0)
            #expect(try pages().isEmpty)
        }

        @Test func `A page of a version with other counts is named, and the rest is told`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.presign)
            let folder = URL(fileURLWithPath: handler.socket).deletingLastPathComponent().path
            let page = "\(folder)/\(Endpoint.presign).7.status"
            // Locked before it has its name, as a process does it: without a lock it would be a dead one's, and removed.
            let file = open("\(page).new", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(file) }
            #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
            #expect(rename("\(page).new", page) == 0)
            let status = try ask(stage.site, .presign).json
            #expect(status["unreadable processes"].list.map(\.int) == [7])
            #expect(status["processes"].list.map { $0["pid"].int } == [Int(handler.program.pid)])
            #expect(try ask(stage.site, .presign, "metrics").text.hasSuffix("# EOF\n"))
        }

        @Test func `A port, which has no folder, is told of by itself`() throws {
            let port = try freePort()
            let program = try Program(
                executable(.presign), ["--listen", "127.0.0.1:\(port)"], environment: try sandbox().settings)
            let wire = try eventually("it listens") { try? Wire(port: port) }
            let answer = try FastCGIWire(wire).post("", with: [("OZON_R2_STATUS", "/status")])
            #expect(answer.json["processes"].list.map { $0["pid"].int } == [Int(program.pid)])
        }

        @Test func `RUNTIME_DIRECTORY, as systemd sets it, is where pages lie`() throws {
            let folder = try Scratch()
            let handler = try Handler(.presign, ["RUNTIME_DIRECTORY": "\(folder.path):/elsewhere"])
            let name = "\(Endpoint.presign).\(handler.program.pid).status"
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
            #expect(try handler.stop() == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }

        @Test func `Ping answers while MAX_IN_FLIGHT is used up`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.download, ["MAX_IN_FLIGHT": "1"])
            let client = nextClient()
            let slow = try stage.site.open(
                .download, Array(downloadBody(["A-1"], client: client, key: "slow-1s").utf8))
            try eventually("Ozon is asked") { try sandbox().calls(of: client).count == 1 }
            #expect(try ask(stage.site, .download, "ping").text == "pong\n")
            expect(try stage.site.post(.download, Endpoint.download.goodBody), .overloaded)
            let status = try ask(stage.site, .download).json
            #expect((status["in flight"].int, status["max children reached"].int) == (1, 1))
            #expect(try HTTPAnswer(try slow.readToEnd()).status == 200)
            #expect(handler.program.isRunning)
        }

        @Test func `Only this machine may ask, and no header asks elsewhere`() throws {
            let site = try sandbox().site
            for page in ["ping", "status", "metrics"] {
                let from = ["--interface", "127.0.0.2", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
                let url = "http://127.0.0.1:\(site.port)/ozon-r2/\(Endpoint.presign)/\(page)"
                let (_, output, _) = try Program.run("curl", from + [url])
                #expect(String(decoding: output, as: UTF8.self) == "403")
            }
            let asked = try site.post(.presign, Endpoint.presign.goodBody, with: ["OZON-R2-STATUS: /status"])
            #expect(asked.json["upload_url"].exists)
            let empty = try Stage()
            let down = try ask(empty.site, .presign)
            #expect(down.status == 502 && down.json["code"].string == "BACKEND_UNAVAILABLE")
        }

        @Test func `Copies and failures count, upstream by upstream, as OpenMetrics by its own reader`() throws {
            let site = try CopySite(["IMAGE_TIMEOUT": "3"])
            try define("ONCE", ["fault-500-once-status.jpg"])
            let articles = ["2194435300", "ONCE", "FAULT-IMG-404"]
            let copied = try site.copy(articles).json["data"]
            _ = try site.stage.site.post(.download, downloadBody(["A-1"], key: "internal"))
            _ = try site.stage.site.post(.download, downloadBody(["A-1"], ["presign": true]))
            let status = try ask(site.stage.site, .download).json
            #expect(status["images copied"].int == copied["success_images"].int)
            #expect(status["images failed"].int == 1)
            #expect(status["by status"].description == #"{"200":2,"502":1}"#)
            let (ozon, cdn, r2) = (status["upstreams"]["ozon"], status["upstreams"]["cdn"], status["upstreams"]["r2"])
            #expect((ozon["ok"].int, ozon["failed"].int, ozon["retries"].int) == (2, 3, 2))
            #expect((cdn["ok"].int, cdn["failed"].int, cdn["refused"].int) == (copied["success_images"].int, 1, 1))
            #expect(cdn["retries"].int == 1)
            #expect(r2["ok"].int == copied["success_images"].int)
            #expect(r2["latency"]["count"].int == r2["ok"].int)
            let stored = try site.stored().values.map(\.bytes).reduce(0, +)
            #expect(status["bytes relayed"].int == stored)
            #expect(try #require(status["urls signed"].int) > 0)

            let python = try #require(ProcessInfo.processInfo.environment["TEST_PYTHON"])
            let metrics = try ask(site.stage.site, .download, "metrics")
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
            let (code, output, errors) = try Program.run(python, ["-c", script], input: metrics.body)
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
