import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// deploy/check-r2 against the sandbox's S3 server.
    @Suite struct CheckR2 {
        private func run(
            _ changes: [String: String] = [:], origin: String? = nil
        ) throws -> (code: Int32, lines: [String: String]) {
            let sandbox = try sandbox()
            let directory = try TemporaryDirectory()
            let settings = sandbox.settings.merging(changes) { $1 }
            try directory.write("env", settings.map { "\($0)=\($1)" }.joined(separator: "\n") + "\n")
            let binaries = URL(fileURLWithPath: executable(.presign)).deletingLastPathComponent().path
            let (code, output, errors) = try ChildProcess.run(
                "\(repository)/deploy/check-r2",
                ["--env", directory.file("env"), "--origin", origin ?? "http://localhost:\(sandbox.client.port)"],
                environment: ["BIN": binaries], within: 60)
            let text = String(decoding: output, as: UTF8.self)
            for secret in sandbox.secrets + [settings["R2_SECRET_ACCESS_KEY"]!, settings["R2_ACCESS_KEY_ID"]!] {
                #expect(!text.contains(secret) && !errors.contains(secret))
            }
            #expect(errors.isEmpty, "\(errors)")
            let lines = text.split(separator: "\n").compactMap { line -> (String, String)? in
                let words = line.split(separator: " ", omittingEmptySubsequences: true)
                return words.count > 1 && ["ok", "FAILED"].contains(words[0])
                    ? (String(words[1]), String(words[0])) : nil
            }
            return (code, Dictionary(lines, uniquingKeysWith: { "\($0) \($1)" }))
        }

        private let all = [
            "settings", "endpoint", "clock", "key", "bucket", "presign", "cors", "put", "head", "public", "delete",
        ]

        @Test func `With correct settings each check prints ok`() throws {
            let (code, lines) = try run()
            #expect(lines == Dictionary(uniqueKeysWithValues: all.map { ($0, "ok") }))
            #expect(code == 0)
        }

        @Test func `Another name of a media type is uploaded as the response says`() throws {
            let (code, lines) = try run(["R2_ALLOWED_TYPES": "image/jpg"])
            #expect(lines["put"] == "ok")
            #expect(code == 0)
        }

        @Test func `A wrong setting fails the check that covers it and no other`() throws {
            let wrong: [(name: String, value: String, check: String)] = [
                ("R2_ENDPOINT_URL", "https://x.example/images", "settings"),
                ("R2_ENDPOINT_URL", "http://127.0.0.1:1", "endpoint"), ("R2_SECRET_ACCESS_KEY", "wr\"o\\ng", "key"),
                ("R2_ACCESS_KEY_ID", "nobody", "key"), ("R2_BUCKET_NAME", "no-such-bucket", "bucket"),
                ("R2_PUBLIC_BASE", "http://127.0.0.1:1", "public"),
            ]
            for (name, value, check) in wrong {
                let (code, lines) = try run([name: value])
                #expect(code == 1, "\(name)=\(value)")
                #expect(lines.filter { $0.value != "ok" }.map(\.key) == [check], "\(name)=\(value)")
            }
            let (code, lines) = try run(origin: "https://evil.example")
            #expect(code == 1)
            #expect(lines.filter { $0.value != "ok" }.map(\.key) == ["cors"])
        }
    }
}
