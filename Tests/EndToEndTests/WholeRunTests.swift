import Foundation
import Testing

extension EndToEnd {
    /// The logs. (Handler's own end looks at the logs of all others.)
    @Suite struct WholeRun {
        @Test func `Each request is one line of JSON, with its id, outcome and time`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.download)
            let answers = [
                try stage.site.post(.download, Endpoint.download.goodBody),
                try stage.site.post(.download, "{"), try stage.site.post(.download, "", without: ["X-API-Key"]),
                try stage.site.post(.download, downloadBody(["A-1"], key: "conflict")),
                try stage.site.post(.download, downloadBody(["A-1"], key: "internal")),
                try stage.site.post(.download, downloadBody(["A-1"]), with: ["Accept: application/x-ndjson"]),
            ]
            let lines = try eventually("the last line") {
                let lines = try handler.messages("request")
                return lines.count >= answers.count ? lines : nil
            }
            #expect(lines.map { $0["request_id"].string } == answers.map { $0["X-Request-Id"] })
            #expect(lines.map { $0["status"].int } == answers.map { $0.status })
            let outcomes = ["OK", "VALIDATION_FAILED", "UNAUTHORIZED", "PRODUCT_CONFLICT", "OZON_UNAVAILABLE", "OK"]
            #expect(lines.map { $0["outcome"].string } == outcomes)
            #expect(lines.map { $0["level"].string } == ["info", "info", "info", "info", "error", "info"])
            #expect(lines.map { $0["bytes"].int } == answers.map { $0.body.count })
            for line in lines {
                #expect(line["endpoint"].string == "ozon-download")
                #expect(line["time"].string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
                #expect(try #require(line["ms"].int) >= 0)
                #expect(line["version"].string?.isEmpty == false)
            }
            #expect(try #require(lines[4]["ms"].int) >= 300, "two pauses lie in it")
        }

        @Test func `LOG_LEVEL leaves out what is below`() throws {
            for (level, outcomes) in [("error", ["OZON_UNAVAILABLE"]), ("debug", ["OK", "OZON_UNAVAILABLE"])] {
                let scratch = try Scratch()
                let socket = scratch.file("s.sock")
                let program = try Program(
                    executable(.download), ["--listen", socket],
                    environment: try sandbox().settings.merging(["LOG_LEVEL": level]) { $1 },
                    errors: scratch.file("log"))
                let wire = try eventually("it listens") { try? FastCGIWire(path: socket) }
                #expect(try wire.post(Endpoint.download.goodBody, keep: true).status == 200)
                #expect(try wire.post(downloadBody(["A-1"], key: "internal"), keep: true).status == 502)
                #expect(program.isRunning)
                let lines = try logLines(scratch.file("log")).filter { $0["message"].string == "request" }
                #expect(lines.compactMap { $0["outcome"].string } == outcomes)
            }
        }

        @Test func `No log of the run holds a secret`() throws {
            let sandbox = try sandbox()
            let client = "98765432123"
            let headers = [
                "Cookie: session=cookie-7e57", "Authorization: Bearer bearer-7e57", "Origin: http://localhost",
            ]
            for endpoint in Endpoint.allCases {
                for body in [endpoint.goodBody, "{", "{\"credential\":\"\(Sandbox.sellerKey)\"}"] {
                    _ = try sandbox.site.post(endpoint, body, with: headers)
                    _ = try sandbox.site.post(endpoint, body, method: "GET", with: headers)
                }
            }
            for accept in ["application/json", "application/x-ndjson"] {
                _ = try sandbox.site.post(
                    .download, downloadBody(["A-1"], client: client, key: Sandbox.sellerKey, ["presign": true]),
                    with: ["Accept: \(accept)"])
            }
            _ = try sandbox.site.post(
                .download,
                downloadBody(
                    ["2194435300", "FAULT-IMG-404"], client: client, key: Sandbox.sellerKey,
                    [
                        "download_images": true
                    ]))
            for endpoint in [Endpoint.pushImages, .pushStatus] {
                let more: [String: Any] = ["images": pictures(1).map { "\($0)?token=query-7e57" }, "task_id": 1]
                _ = try sandbox.site.post(
                    endpoint, pushBody(123, client: client, key: Sandbox.sellerKey, more))
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.folder)/log")
            #expect(Set(names).isSuperset(of: ["ozon-download.log", "r2-presigned-url.log", "nginx-error.log"]))
            let key = try #require(sandbox.settings["R2_ACCESS_KEY_ID"])
            for name in names {
                let text = try String(contentsOfFile: "\(sandbox.folder)/log/\(name)", encoding: .utf8)
                for secret in sandbox.secrets + [key, client, "cookie-7e57", "bearer-7e57", "query-7e57"] {
                    #expect(!text.contains(secret), "\(name) holds \(secret.prefix(20))…")
                }
            }
            for endpoint in [Endpoint.download, .pushImages, .create, .resume, .abort] {
                let calls = try sandbox.log(endpoint).filter { $0["message"].string == "upstream call" }
                #expect(!calls.isEmpty, "\(endpoint) logs at level debug")
            }
            for endpoint in Endpoint.allCases {
                // The stack's own --check stands before the first line.
                #expect(try sandbox.log(endpoint).dropFirst().allSatisfy(\.exists), "every line is JSON")
            }
        }
    }
}
