import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Requests succeed even if the log's reader is slow or gone.
    @Suite struct LogReaders {
        /// Starts the presigner from a shell that redirects its standard error. Returns its status after 50 requests.
        private func status(_ redirection: String, _ change: () -> Void = {}) throws -> JSONValue {
            let directory = try TemporaryDirectory()
            let socket = directory.file("s.sock")
            let child = try ChildProcess(
                "bash", ["-c", "exec \"$0\" --listen \"$1\" \(redirection)", executable(.presign), socket],
                environment: try sandbox().settings)
            let status = try {
                let connection = try eventually("the process listens") { try? FastCGIConnection(path: socket) }
                change()
                for _ in 0..<50 { #expect(try connection.post(Endpoint.presign.goodBody, keep: true).status == 200) }
                return try connection.post("", keep: true, with: [("OZON_R2_STATUS", "status")]).json
            }()
            #expect(status["accepted conn"].int == 50)
            child.signal(SIGTERM)
            #expect(try child.wait() == 0)
            return status
        }

        @Test func `A full disk, a closed pipe or no standard error cost log lines, not requests`() throws {
            // One line reports the start. The last line may be dropped after the counters are read.
            #expect([50, 51].contains(try status("2>/dev/full")["log lines dropped"].int))
            #expect(try status("2>&-")["log lines dropped"].int == 0, "the process opens /dev/null instead")
            let directory = try TemporaryDirectory()
            let pipe = directory.file("pipe")
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            let gone = try status("2>\(pipe)") { close(reader) }
            #expect([50, 51].contains(gone["log lines dropped"].int))
        }

        @Test func `A reader that pauses gets whole lines and the number of dropped ones`() throws {
            let directory = try TemporaryDirectory()
            let (pipe, socket) = (directory.file("pipe"), directory.file("s.sock"))
            #expect(mkfifo(pipe, 0o600) == 0)
            // Opened for reading and writing, so that no open(2) blocks.
            let reader = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            defer { close(reader) }
            let child = try ChildProcess(
                executable(.presign), ["--listen", socket], environment: try sandbox().settings, errors: pipe)
            let connection = try eventually("the process listens") { try? FastCGIConnection(path: socket) }
            func request() throws { #expect(try connection.post(Endpoint.presign.goodBody, keep: true).status == 200) }
            func dropped() throws -> Int {
                try #require(
                    try connection.post("", keep: true, with: [("OZON_R2_STATUS", "status")]).json["log lines dropped"]
                        .int)
            }
            while try dropped() == 0 { try request() }
            for _ in 0..<20 { try request() }
            let lost = try dropped()
            #expect(lost == 21)
            func lines() throws -> [JSONValue] {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while case let count = read(reader, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
                return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { JSONValue(String($0)) }
            }
            let before = try lines()
            #expect(before.count > 100 && before.allSatisfy { $0["message"].exists })
            try request()
            try request()
            #expect(try lines().map { $0["dropped"].int } == [lost, nil])
            #expect(try dropped() == lost)
            #expect(child.isRunning)
        }

        @Test(.enabled(if: isRoot, "mounting a file system needs root"))
        func `A line that a full disk truncates does not corrupt the next one`() throws {
            let disk = try TemporaryDirectory()
            let mounted = try ChildProcess.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.path])
            try #require(mounted.code == 0, "\(mounted.errors)")
            defer { _ = try? ChildProcess.run("umount", ["-l", disk.path]) }
            let socket = try TemporaryDirectory()
            try Data(count: 40_000).write(to: URL(fileURLWithPath: disk.file("ballast")))
            let child = try ChildProcess(
                executable(.presign), ["--listen", socket.file("s.sock")], environment: try sandbox().settings,
                errors: disk.file("log"))
            let connection = try eventually("the process listens") {
                try? FastCGIConnection(path: socket.file("s.sock"))
            }
            for _ in 0..<300 { #expect(try connection.post(Endpoint.presign.goodBody, keep: true).status == 200) }
            try FileManager.default.removeItem(atPath: disk.file("ballast"))
            #expect(try connection.post(Endpoint.presign.goodBody, keep: true).status == 200)
            let lines = try logLines(disk.file("log"))
            #expect(lines.last?["message"].string == "request")
            #expect(try #require(lines.last?["dropped"].int) > 100)
            #expect(lines.dropLast(2).allSatisfy { $0.exists }, "only the truncated line may be invalid JSON")
            #expect(child.isRunning)
        }

        @Test func `A slow request is logged as a warning, with the time of each kind of call`() throws {
            let process = try EndpointProcess(.download, ["SLOW_MS": "1000"])
            #expect(try process.post(downloadBody(["A-1"], key: "slow-2s")).status == 200)
            let slow = try eventually("a line is logged") { try process.messages("request").first }
            #expect(slow["level"].string == "warning")
            #expect(slow["slow"].bool == true)
            let (total, ozon) = (try #require(slow["ms"].int), try #require(slow["ozon_ms"].int))
            #expect(ozon >= 2000)
            #expect(try #require(slow["own_ms"].int) <= total - ozon)
            #expect(try process.status()["slow requests"].int == 1)

            let patient = try EndpointProcess(.download, ["SLOW_MS": "600000"])
            #expect(try patient.post(downloadBody(["A-1"], key: "internal")).status == 502)
            #expect(try patient.post(Endpoint.download.goodBody).status == 200)
            let lines = try eventually("two lines are logged") {
                let lines = try patient.messages("request")
                return lines.count == 2 ? lines : nil
            }
            #expect(lines.map { $0["level"].string } == ["error", "info"])
            #expect((lines[0]["retries"].int, lines[0]["ozon_calls"].int) == (2, 3))
            #expect(!lines[1]["slow"].exists)
            #expect(try patient.status()["slow requests"].int == 0)
        }

        @Test func `At level debug each call to an upstream is logged, without its query`() throws {
            let fixture = try CopyFixture()
            let urls = try define("DEBUG", ["a.jpg?secret=query-7e57", "fault-500-once-b.jpg"])
            let copied = try fixture.copy(["DEBUG"])
            #expect(copied.json["data"]["items"][0]["success_images"].int == 2)
            let calls = try fixture.process.messages("upstream call")
            #expect(Set(calls.map { $0["request_id"].string }) == [copied["X-Request-Id"]])
            let summaries = calls.map { "\($0["upstream"].string!) \($0["method"].string!) \($0["outcome"].string!)" }
            let expected = [
                "ozon POST ok", "cdn GET ok", "cdn GET ok", "cdn GET failed", "r2 PUT ok", "r2 PUT ok",
            ]
            #expect(summaries.sorted() == expected.sorted())
            #expect(calls.allSatisfy { $0["url"].string?.contains("?") == false && $0["ms"].int != nil })
            let named = Set(calls.compactMap { $0["url"].string })
            #expect(urls.allSatisfy { named.contains(String($0.prefix { $0 != "?" })) })
            let puts = calls.filter { $0["upstream"].string == "r2" }.compactMap { $0["sent"].int }
            #expect(puts.sorted() == (try fixture.stored().values.map(\.bytes).sorted()))
            let text = try String(contentsOfFile: fixture.process.log, encoding: .utf8)
            #expect(!text.contains("query-7e57"))
            let line = try #require(try fixture.process.messages("request").last)
            #expect((line["images_copied"].int, line["cdn_calls"].int, line["r2_calls"].int) == (2, 3, 2))
        }
    }
}
