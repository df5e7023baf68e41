import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// API_KEY_SCOPES_FILE: keys for some endpoints and some prefixes.
    @Suite struct Scopes {
        private let key = "scoped-key-7e57"
        private let other = "other-key-7e57"

        private func entry(
            _ id: String, _ key: String, prefixes: [String] = ["users/"], endpoints: [String] = ["*"]
        ) throws -> [String: Any] {
            let sum = try ChildProcess.run("sha256sum", input: Array(key.utf8)).output
            let hex = String(decoding: sum.prefix(64), as: UTF8.self)
            return ["id": id, "sha256": hex, "prefixes": prefixes, "endpoints": endpoints]
        }

        private func process(_ endpoint: Endpoint, _ directory: TemporaryDirectory, _ entries: [[String: Any]]) throws
            -> EndpointProcess
        {
            try directory.write("scopes", jsonText(entries))
            return try EndpointProcess(endpoint, ["API_KEY_SCOPES_FILE": directory.file("scopes")])
        }

        private func post(_ process: EndpointProcess, _ key: String, _ path: String = "users/studio/a.jpg") throws
            -> HTTPResponse
        {
            try process.post(jsonText(["r2_path": path]), with: [("HTTP_X_API_KEY", key)])
        }

        private func reload(_ process: EndpointProcess, _ message: String, _ count: Int = 1) throws {
            process.child.signal(SIGHUP)
            try eventually(message) { try process.messages(message).count == count }
        }

        @Test func `A scoped key allows only its prefixes, and a key in API_KEYS allows every allowed prefix`() throws {
            let directory = try TemporaryDirectory()
            let process = try process(
                .presign, directory,
                [
                    try entry("studio", key, prefixes: ["users/studio", "elsewhere/"]),
                    try entry("none", other, prefixes: []),
                ])
            #expect(try post(process, key).status == 200)
            for path in ["users/studiox/a.jpg", "users/a.jpg", "elsewhere/a.jpg"] {
                expect(try post(process, key, path), .pathNotAllowed, path)
            }
            expect(try post(process, other), .pathNotAllowed)
            #expect(try post(process, try sandbox().key, "users/a.jpg").status == 200)
            expect(try post(process, "unknown"), .unauthorized)
            let sent = [("HTTP_X_API_KEY", Optional(key)), ("R2_PREFIX", "users/studio/one/")]
            for (path, status) in [("users/studio/one/a", 200), ("users/studio/a", 403)] {
                #expect(try process.post(jsonText(["r2_path": path]), with: sent).status == status, "\(path)")
            }
        }

        @Test func `A scoped key allows only its endpoints`() throws {
            let directory = try TemporaryDirectory()
            let entries = [
                try entry("studio", key, endpoints: ["r2-presigned-urls", "r2-multipart-parts"]),
                try entry("all", other),
            ]
            for endpoint in Endpoint.allCases {
                let process = try process(endpoint, directory, entries)
                let isOpen = endpoint == .presignBatch || endpoint == .parts
                let response = try process.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", key)])
                if isOpen { #expect(response.status == 200, "\(endpoint)") } else { expect(response, .scopeDenied) }
                #expect(try process.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", other)]).status == 200)
                // A key without access gets no information about fields.
                if !isOpen { expect(try process.post("{", with: [("HTTP_X_API_KEY", key)]), .scopeDenied) }
                let lines = try eventually("the log has the id of the rejected key") {
                    let lines = try process.messages("request").filter { $0["key_id"].string == "studio" }
                    return lines.count == (isOpen ? 1 : 2) ? lines : nil
                }
                #expect(lines.allSatisfy { $0["outcome"].string == (isOpen ? "OK" : "SCOPE_DENIED") })
            }
        }

        @Test func `A key's prefixes apply to batches, parts and copies`() throws {
            let directory = try TemporaryDirectory()
            let entries = [try entry("studio", key, prefixes: ["users/studio/"])]
            for endpoint in Endpoint.allCases where !"\(endpoint)".hasPrefix("ozon-push") {
                let process = try process(endpoint, directory, entries)
                let outside =
                    endpoint == .download
                    ? downloadBody(["2194435300"], ["presign": true, "user_id": "test-user"]) : endpoint.goodBody
                expect(try process.post(outside, with: [("HTTP_X_API_KEY", key)]), .pathNotAllowed, "\(endpoint)")
            }
        }

        @Test func `The log contains the key's id, but never the key`() throws {
            let directory = try TemporaryDirectory()
            let process = try process(.presign, directory, [try entry("studio", key)])
            for key in [key, "unknown-key-7e57", try sandbox().key] { _ = try post(process, key) }
            expect(try process.post("{", with: [("HTTP_X_API_KEY", key)]), .validationFailed)
            let lines = try eventually("four lines are logged") {
                let lines = try process.messages("request")
                return lines.count == 4 ? lines : nil
            }
            #expect(lines.map { $0["key_id"].string } == ["studio", nil, nil, "studio"])
            let digest = try #require(try entry("studio", key)["sha256"] as? String)
            let log = try String(contentsOfFile: process.log, encoding: .utf8)
            for secret in [key, "unknown-key-7e57", digest] { #expect(!log.contains(secret)) }
        }

        @Test func `HUP reloads the file; an invalid file is logged and the old keys are kept`() throws {
            let directory = try TemporaryDirectory()
            let process = try process(.presign, directory, [try entry("studio", key)])
            #expect(try post(process, key).status == 200)
            expect(try post(process, other), .unauthorized)
            try directory.write("scopes", jsonText([try entry("next", other)]))
            expect(try post(process, other), .unauthorized, "not before HUP")
            try reload(process, "scopes reloaded")
            #expect(try post(process, other).status == 200)
            expect(try post(process, key), .unauthorized)
            let broken = [
                "", "[", "{}", #"[{"id":"x"}]"#, #"[{"id":"x","sha256":"ab","prefixes":[],"endpoints":["*"]}]"#,
                jsonText([try entry("studio", key), ["id": "x"]]),
            ]
            for (index, text) in broken.enumerated() {
                try directory.write("scopes", text)
                try reload(process, "scopes not reloaded", index + 1)
                #expect(try post(process, other).status == 200)
                expect(try post(process, key), .unauthorized)
            }
            try FileManager.default.removeItem(atPath: directory.file("scopes"))
            try reload(process, "scopes not reloaded", broken.count + 1)
            let logged = try process.messages("scopes not reloaded")
            #expect(logged.allSatisfy { $0["level"].string == "error" && $0["cause"].string?.isEmpty == false })
            #expect(try post(process, other).status == 200)
            #expect(try post(process, try sandbox().key).status == 200)
            try directory.write("scopes", jsonText([] as [Any]))
            try reload(process, "scopes reloaded", 2)
            expect(try post(process, other), .unauthorized)
        }

        @Test func `An invalid file ends the start with 78, and a valid one suffices without API_KEYS`() throws {
            let directory = try TemporaryDirectory()
            var settings = try sandbox().settings
            settings["API_KEY_SCOPES_FILE"] = directory.file("scopes")
            func check() throws -> (code: Int32, errors: String) {
                let (code, _, errors) = try ChildProcess.run(executable(.presign), ["--check"], environment: settings)
                return (code, errors)
            }
            var entries: [Any] = [[:] as [String: Any], 1, "x"]
            for name in ["id", "sha256", "prefixes", "endpoints"] {
                var entry = try entry("studio", key)
                entry[name] = nil
                entries.append(entry)
                entry[name] = 5
                entries.append(entry)
            }
            var texts = try entries.map { jsonText([try entry("good", key), $0]) }
            texts += ["", "null", "{}", #"[{"id":"a","id":"b"}]"#]
            for text in texts {
                try directory.write("scopes", text)
                let (code, errors) = try check()
                #expect(code == 78, "\(text)")
                #expect(errors.contains("API_KEY_SCOPES_FILE: "), "\(errors)")
            }
            try FileManager.default.removeItem(atPath: directory.file("scopes"))
            #expect(try check().errors.contains("API_KEY_SCOPES_FILE: cannot be read"))
            let process = try process(.presign, directory, [try entry("studio", key)])
            #expect(process.child.isRunning)
            settings["API_KEYS"] = nil
            let alone = try EndpointProcess(
                .presign, ["API_KEY_SCOPES_FILE": directory.file("scopes"), "API_KEYS": ""])
            #expect(try post(alone, key).status == 200)
            expect(try post(alone, try sandbox().key), .unauthorized)
            #expect(try check().code == 0)
        }
    }
}
