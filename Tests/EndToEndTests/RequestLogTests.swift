import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The contents of the logs. Every EndpointProcess also searches its own log for secrets.
    @Suite struct RequestLogs {
        @Test func `Each request is one line of JSON, with its id, outcome and time`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.download)
            let responses = [
                try nginx.client.post(.download, Endpoint.download.goodBody),
                try nginx.client.post(.download, "{"), try nginx.client.post(.download, "", without: ["X-API-Key"]),
                try nginx.client.post(.download, downloadBody(["A-1"], key: "conflict")),
                try nginx.client.post(.download, downloadBody(["A-1"], key: "internal")),
                try nginx.client.post(.download, downloadBody(["A-1"]), with: ["Accept: application/x-ndjson"]),
            ]
            let lines = try eventually("the last line is logged") {
                let lines = try process.messages("request")
                return lines.count >= responses.count ? lines : nil
            }
            #expect(lines.map { $0["request_id"].string } == responses.map { $0["X-Request-Id"] })
            #expect(lines.map { $0["status"].int } == responses.map { $0.status })
            let outcomes = ["OK", "VALIDATION_FAILED", "UNAUTHORIZED", "PRODUCT_CONFLICT", "OZON_UNAVAILABLE", "OK"]
            #expect(lines.map { $0["outcome"].string } == outcomes)
            #expect(lines.map { $0["level"].string } == ["info", "info", "info", "info", "error", "info"])
            #expect(lines.map { $0["bytes"].int } == responses.map { $0.body.count })
            for line in lines {
                #expect(line["endpoint"].string == "ozon-download")
                #expect(line["time"].string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
                #expect(try #require(line["ms"].int) >= 0)
                #expect(line["version"].string?.isEmpty == false)
            }
            #expect(try #require(lines[4]["ms"].int) >= 300, "it includes two pauses")
        }

        @Test func `LOG_LEVEL omits lines of lower levels`() throws {
            for (level, outcomes) in [("error", ["OZON_UNAVAILABLE"]), ("debug", ["OK", "OZON_UNAVAILABLE"])] {
                let directory = try TemporaryDirectory()
                let socket = directory.file("s.sock")
                let child = try ChildProcess(
                    executable(.download), ["--listen", socket],
                    environment: try sandbox().settings.merging(["LOG_LEVEL": level]) { $1 },
                    errors: directory.file("log"))
                let connection = try eventually("the process listens") { try? FastCGIConnection(path: socket) }
                #expect(try connection.post(Endpoint.download.goodBody, keep: true).status == 200)
                #expect(try connection.post(downloadBody(["A-1"], key: "internal"), keep: true).status == 502)
                #expect(child.isRunning)
                let lines = try logLines(directory.file("log")).filter { $0["message"].string == "request" }
                #expect(lines.compactMap { $0["outcome"].string } == outcomes)
            }
        }

        @Test func `No log contains a secret`() throws {
            let sandbox = try sandbox()
            let clientID = "98765432123"
            let headers = [
                "Cookie: session=cookie-7e57", "Authorization: Bearer bearer-7e57", "Origin: http://localhost",
            ]
            for endpoint in Endpoint.allCases {
                for body in [endpoint.goodBody, "{", "{\"credential\":\"\(Sandbox.sellerKey)\"}"] {
                    _ = try sandbox.client.post(endpoint, body, with: headers)
                    _ = try sandbox.client.post(endpoint, body, method: "GET", with: headers)
                }
            }
            for accept in ["application/json", "application/x-ndjson"] {
                _ = try sandbox.client.post(
                    .download, downloadBody(["A-1"], clientID: clientID, key: Sandbox.sellerKey, ["presign": true]),
                    with: ["Accept: \(accept)"])
            }
            _ = try sandbox.client.post(
                .download,
                downloadBody(
                    ["2194435300", "FAULT-IMG-404"], clientID: clientID, key: Sandbox.sellerKey,
                    [
                        "download_images": true
                    ]))
            for endpoint in [Endpoint.pushImages, .pushStatus] {
                let more: [String: Any] = ["images": pictures(1).map { "\($0)?token=query-7e57" }, "task_id": 1]
                _ = try sandbox.client.post(
                    endpoint, pushBody(123, clientID: clientID, key: Sandbox.sellerKey, more))
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.directory)/log")
            #expect(Set(names).isSuperset(of: ["ozon-download.log", "r2-presigned-url.log", "nginx-error.log"]))
            let key = try #require(sandbox.settings["R2_ACCESS_KEY_ID"])
            for name in names {
                let text = try String(contentsOfFile: "\(sandbox.directory)/log/\(name)", encoding: .utf8)
                for secret in sandbox.secrets + [key, clientID, "cookie-7e57", "bearer-7e57", "query-7e57"] {
                    #expect(!text.contains(secret), "\(name) contains \(secret.prefix(20))…")
                }
            }
            for endpoint in [Endpoint.download, .pushImages, .create, .resume, .abort] {
                let calls = try sandbox.log(endpoint).filter { $0["message"].string == "upstream call" }
                #expect(!calls.isEmpty, "\(endpoint) logs at level debug")
            }
            for endpoint in Endpoint.allCases {
                // The first line is from the stack's --check.
                #expect(try sandbox.log(endpoint).dropFirst().allSatisfy(\.exists), "every line is JSON")
            }
        }
    }
}
