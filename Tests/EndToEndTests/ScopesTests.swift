import Foundation
import Testing

extension EndToEnd {
    /// API_KEY_SCOPES_FILE: keys that open some endpoints and some prefixes.
    @Suite struct Scopes {
        private let key = "scoped-key-7e57"
        private let other = "other-key-7e57"

        private func entry(
            _ id: String, _ key: String, prefixes: [String] = ["users/"], endpoints: [String] = ["*"]
        ) throws -> [String: Any] {
            let sum = try Program.run("sha256sum", input: Array(key.utf8)).output
            let hex = String(decoding: sum.prefix(64), as: UTF8.self)
            return ["id": id, "sha256": hex, "prefixes": prefixes, "endpoints": endpoints]
        }

        private func handler(_ endpoint: Endpoint, _ folder: Scratch, _ entries: [[String: Any]]) throws -> Handler {
            try folder.write("scopes", jsonText(entries))
            return try Handler(endpoint, ["API_KEY_SCOPES_FILE": folder.file("scopes")])
        }

        private func post(_ handler: Handler, _ key: String, _ path: String = "users/studio/a.jpg") throws -> HTTPAnswer
        {
            try handler.post(jsonText(["r2_path": path]), with: [("HTTP_X_API_KEY", key)])
        }

        private func reload(_ handler: Handler, _ message: String, _ count: Int = 1) throws {
            handler.program.signal(SIGHUP)
            try eventually(message) { try handler.messages(message).count == count }
        }

        @Test func `A key opens its prefixes alone, within those allowed; the keys of API_KEYS open all`() throws {
            let folder = try Scratch()
            let handler = try handler(
                .presign, folder,
                [
                    try entry("studio", key, prefixes: ["users/studio", "elsewhere/"]),
                    try entry("none", other, prefixes: []),
                ])
            #expect(try post(handler, key).status == 200)
            for path in ["users/studiox/a.jpg", "users/a.jpg", "elsewhere/a.jpg"] {
                expect(try post(handler, key, path), .pathNotAllowed, path)
            }
            expect(try post(handler, other), .pathNotAllowed)
            #expect(try post(handler, try sandbox().key, "users/a.jpg").status == 200)
            expect(try post(handler, "unknown"), .unauthorized)
            let sent = [("HTTP_X_API_KEY", Optional(key)), ("R2_PREFIX", "users/studio/one/")]
            for (path, status) in [("users/studio/one/a", 200), ("users/studio/a", 403)] {
                #expect(try handler.post(jsonText(["r2_path": path]), with: sent).status == status, "\(path)")
            }
        }

        @Test func `A key opens its endpoints alone`() throws {
            let folder = try Scratch()
            let entries = [
                try entry("studio", key, endpoints: ["r2-presigned-urls", "r2-multipart-parts"]),
                try entry("all", other),
            ]
            for endpoint in Endpoint.allCases {
                let handler = try handler(endpoint, folder, entries)
                let isOpen = endpoint == .presignBatch || endpoint == .parts
                let answer = try handler.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", key)])
                if isOpen { #expect(answer.status == 200, "\(endpoint)") } else { expect(answer, .scopeDenied) }
                #expect(try handler.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", other)]).status == 200)
                // Which fields are good is told to no key that may not ask.
                if !isOpen { expect(try handler.post("{", with: [("HTTP_X_API_KEY", key)]), .scopeDenied) }
                let lines = try eventually("the log names the key that was refused") {
                    let lines = try handler.messages("request").filter { $0["key_id"].string == "studio" }
                    return lines.count == (isOpen ? 1 : 2) ? lines : nil
                }
                #expect(lines.allSatisfy { $0["outcome"].string == (isOpen ? "OK" : "SCOPE_DENIED") })
            }
        }

        @Test func `A prefix of a key holds for every way to write: batches, parts, copies`() throws {
            let folder = try Scratch()
            let entries = [try entry("studio", key, prefixes: ["users/studio/"])]
            for endpoint in Endpoint.allCases where !"\(endpoint)".hasPrefix("ozon-push") {
                let handler = try handler(endpoint, folder, entries)
                let outside =
                    endpoint == .download
                    ? downloadBody(["2194435300"], ["presign": true, "user_id": "test-user"]) : endpoint.goodBody
                expect(try handler.post(outside, with: [("HTTP_X_API_KEY", key)]), .pathNotAllowed, "\(endpoint)")
            }
        }

        @Test func `The id of the key stands in the log, the key nowhere`() throws {
            let folder = try Scratch()
            let handler = try handler(.presign, folder, [try entry("studio", key)])
            for key in [key, "unknown-key-7e57", try sandbox().key] { _ = try post(handler, key) }
            expect(try handler.post("{", with: [("HTTP_X_API_KEY", key)]), .validationFailed)
            let lines = try eventually("four lines") {
                let lines = try handler.messages("request")
                return lines.count == 4 ? lines : nil
            }
            #expect(lines.map { $0["key_id"].string } == ["studio", nil, nil, "studio"])
            let digest = try #require(try entry("studio", key)["sha256"] as? String)
            let log = try String(contentsOfFile: handler.log, encoding: .utf8)
            for secret in [key, "unknown-key-7e57", digest] { #expect(!log.contains(secret)) }
        }

        @Test func `HUP reads the file again; a broken one keeps the keys there are, and is logged`() throws {
            let folder = try Scratch()
            let handler = try handler(.presign, folder, [try entry("studio", key)])
            #expect(try post(handler, key).status == 200)
            expect(try post(handler, other), .unauthorized)
            try folder.write("scopes", jsonText([try entry("next", other)]))
            expect(try post(handler, other), .unauthorized, "not before HUP")
            try reload(handler, "scopes read again")
            #expect(try post(handler, other).status == 200)
            expect(try post(handler, key), .unauthorized)
            let broken = [
                "", "[", "{}", #"[{"id":"x"}]"#, #"[{"id":"x","sha256":"ab","prefixes":[],"endpoints":["*"]}]"#,
                jsonText([try entry("studio", key), ["id": "x"]]),
            ]
            for (index, text) in broken.enumerated() {
                try folder.write("scopes", text)
                try reload(handler, "scopes not read again", index + 1)
                #expect(try post(handler, other).status == 200)
                expect(try post(handler, key), .unauthorized)
            }
            try FileManager.default.removeItem(atPath: folder.file("scopes"))
            try reload(handler, "scopes not read again", broken.count + 1)
            let logged = try handler.messages("scopes not read again")
            #expect(logged.allSatisfy { $0["level"].string == "error" && $0["cause"].string?.isEmpty == false })
            #expect(try post(handler, other).status == 200)
            #expect(try post(handler, try sandbox().key).status == 200)
            try folder.write("scopes", jsonText([] as [Any]))
            try reload(handler, "scopes read again", 2)
            expect(try post(handler, other), .unauthorized)
        }

        @Test func `A broken file ends the start with 78; a good one stands without API_KEYS`() throws {
            let folder = try Scratch()
            var settings = try sandbox().settings
            settings["API_KEY_SCOPES_FILE"] = folder.file("scopes")
            func check() throws -> (code: Int32, errors: String) {
                let (code, _, errors) = try Program.run(executable(.presign), ["--check"], environment: settings)
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
                try folder.write("scopes", text)
                let (code, errors) = try check()
                #expect(code == 78, "\(text)")
                #expect(errors.contains("API_KEY_SCOPES_FILE: "), "\(errors)")
            }
            try FileManager.default.removeItem(atPath: folder.file("scopes"))
            #expect(try check().errors.contains("API_KEY_SCOPES_FILE: cannot be read"))
            let handler = try handler(.presign, folder, [try entry("studio", key)])
            #expect(handler.program.isRunning)
            settings["API_KEYS"] = nil
            let alone = try Handler(.presign, ["API_KEY_SCOPES_FILE": folder.file("scopes"), "API_KEYS": ""])
            #expect(try post(alone, key).status == 200)
            expect(try post(alone, try sandbox().key), .unauthorized)
            #expect(try check().code == 0)
        }
    }
}
