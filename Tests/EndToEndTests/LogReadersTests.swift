import Foundation
import Testing

extension EndToEnd {
    /// Whoever reads the log is slow, or gone: requests are answered.
    @Suite struct LogReaders {
        /// The presigner, its standard error led somewhere by a shell; answers what it tells of itself after 50 requests.
        private func status(_ redirection: String, _ change: () -> Void = {}) throws -> JSONValue {
            let folder = try Scratch()
            let socket = folder.file("s.sock")
            let program = try Program(
                "bash", ["-c", "exec \"$0\" --listen \"$1\" \(redirection)", executable(.presign), socket],
                environment: try sandbox().settings)
            let status = try {
                let wire = try eventually("it listens") { try? FastCGIWire(path: socket) }
                change()
                for _ in 0..<50 { #expect(try wire.post(Endpoint.presign.goodBody, keep: true).status == 200) }
                return try wire.post("", keep: true, with: [("OZON_R2_STATUS", "status")]).json
            }()
            #expect(status["accepted conn"].int == 50)
            program.signal(SIGTERM)
            #expect(try program.wait() == 0)
            return status
        }

        @Test func `A full disk, a reader that has gone and no standard error at all cost lines, not requests`() throws
        {
            #expect(try status("2>/dev/full")["log lines dropped"].int == 51, "one says that it started")
            #expect(try status("2>&-")["log lines dropped"].int == 0, "/dev/null takes them")
            let folder = try Scratch()
            let pipe = folder.file("pipe")
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            let gone = try status("2>\(pipe)") { close(reader) }
            #expect([50, 51].contains(gone["log lines dropped"].int))
        }

        @Test func `A reader that stops and goes on finds whole lines, and how many it missed`() throws {
            let folder = try Scratch()
            let (pipe, socket) = (folder.file("pipe"), folder.file("s.sock"))
            #expect(mkfifo(pipe, 0o600) == 0)
            // Opened for both, so that neither side waits for the other's opening.
            let reader = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            defer { close(reader) }
            let program = try Program(
                executable(.presign), ["--listen", socket], environment: try sandbox().settings, errors: pipe)
            let wire = try eventually("it listens") { try? FastCGIWire(path: socket) }
            func ask() throws { #expect(try wire.post(Endpoint.presign.goodBody, keep: true).status == 200) }
            func dropped() throws -> Int {
                try #require(
                    try wire.post("", keep: true, with: [("OZON_R2_STATUS", "status")]).json["log lines dropped"].int)
            }
            while try dropped() == 0 { try ask() }
            for _ in 0..<20 { try ask() }
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
            try ask()
            try ask()
            #expect(try lines().map { $0["dropped"].int } == [lost, nil])
            #expect(try dropped() == lost)
            #expect(program.isRunning)
        }

        @Test(.enabled(if: geteuid() == 0, "mounting a small disk takes root"))
        func `What a full disk cut off doesn't spoil the next line`() throws {
            let disk = try Scratch()
            let mounted = try Program.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.path])
            try #require(mounted.code == 0, "\(mounted.errors)")
            defer { _ = try? Program.run("umount", ["-l", disk.path]) }
            let socket = try Scratch()
            try Data(count: 40_000).write(to: URL(fileURLWithPath: disk.file("ballast")))
            let program = try Program(
                executable(.presign), ["--listen", socket.file("s.sock")], environment: try sandbox().settings,
                errors: disk.file("log"))
            let wire = try eventually("it listens") { try? FastCGIWire(path: socket.file("s.sock")) }
            for _ in 0..<300 { #expect(try wire.post(Endpoint.presign.goodBody, keep: true).status == 200) }
            try FileManager.default.removeItem(atPath: disk.file("ballast"))
            #expect(try wire.post(Endpoint.presign.goodBody, keep: true).status == 200)
            let lines = try logLines(disk.file("log"))
            #expect(lines.last?["message"].string == "request")
            #expect(try #require(lines.last?["dropped"].int) > 100)
            #expect(lines.dropLast(2).allSatisfy { $0.exists }, "at most the one that was cut off is no JSON")
            #expect(program.isRunning)
        }

        @Test func `A slow call is a warning that tells where its time went`() throws {
            let handler = try Handler(.download, ["SLOW_MS": "500"])
            #expect(try handler.post(downloadBody(["A-1"], key: "slow-1s")).status == 200)
            #expect(try handler.post(downloadBody(["A-1"], key: "internal")).status == 502)
            #expect(try handler.post(Endpoint.download.goodBody).status == 200)
            let lines = try eventually("three lines") {
                let lines = try handler.messages("request")
                return lines.count == 3 ? lines : nil
            }
            #expect(lines.map { $0["level"].string } == ["warning", "error", "info"])
            #expect(lines[0]["slow"].bool == true)
            #expect(try #require(lines[0]["ozon_ms"].int) >= 1000)
            #expect(try #require(lines[0]["own_ms"].int) < 500)
            #expect((lines[1]["retries"].int, lines[1]["ozon_calls"].int) == (2, 3))
            #expect(!lines[2]["slow"].exists)
            #expect(try handler.post("", with: [("OZON_R2_STATUS", "status")]).json["slow requests"].int != 0)
        }

        @Test func `At level debug each call to an upstream is a line, without query`() throws {
            let site = try CopySite()
            let urls = try define("DEBUG", ["a.jpg?secret=query-7e57", "fault-500-once-b.jpg"])
            let copied = try site.copy(["DEBUG"])
            #expect(copied.json["data"]["items"][0]["success_images"].int == 2)
            let calls = try site.handler.messages("upstream call")
            #expect(Set(calls.map { $0["request_id"].string }) == [copied["X-Request-Id"]])
            let told = calls.map { "\($0["upstream"].string!) \($0["method"].string!) \($0["outcome"].string!)" }
            let expected = [
                "ozon POST ok", "cdn GET ok", "cdn GET ok", "cdn GET failed", "r2 PUT ok", "r2 PUT ok",
            ]
            #expect(told.sorted() == expected.sorted())
            #expect(calls.allSatisfy { $0["url"].string?.contains("?") == false && $0["ms"].int != nil })
            let named = Set(calls.compactMap { $0["url"].string })
            #expect(urls.allSatisfy { named.contains(String($0.prefix { $0 != "?" })) })
            let puts = calls.filter { $0["upstream"].string == "r2" }.compactMap { $0["sent"].int }
            #expect(puts.sorted() == (try site.stored().values.map(\.bytes).sorted()))
            let text = try String(contentsOfFile: site.handler.log, encoding: .utf8)
            #expect(!text.contains("query-7e57"))
            let line = try #require(try site.handler.messages("request").last)
            #expect((line["images_copied"].int, line["cdn_calls"].int, line["r2_calls"].int) == (2, 3, 2))
        }
    }
}
