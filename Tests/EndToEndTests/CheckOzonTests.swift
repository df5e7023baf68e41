import Foundation
import Testing

extension EndToEnd {
    /// deploy/check-ozon against the stand-in, which plays Ozon's changes by the Api-Key.
    @Suite struct CheckOzon {
        private func run(
            _ key: String, product: Int? = 123, _ changes: [String: String] = [:]
        ) throws -> (code: Int32, lines: [String: String], text: String, calls: [JSONValue]) {
            let folder = try Scratch()
            let client = nextClient()
            let settings = [
                "OZON_CLIENT_ID": client, "OZON_API_KEY": key,
                "OZON_API_URL": "http://127.0.0.1:\(try sandbox().ozonPort)",
            ].merging(changes) { $1 }
            try folder.write("env", settings.map { "\($0)=\($1)" }.joined(separator: "\n") + "\n")
            let (code, output, errors) = try Program.run(
                "\(repository)/deploy/check-ozon",
                ["--env", folder.file("env")] + (product.map { ["--product", "\($0)"] } ?? []), within: 60)
            let text = String(decoding: output, as: UTF8.self)
            #expect(errors.isEmpty, "\(errors)")
            let lines = text.split(separator: "\n").compactMap { line -> (String, String)? in
                let words = line.split(separator: " ")
                return ["ok", "WARN", "FAILED"].contains(words[0]) ? (String(words[1]), String(words[0])) : nil
            }
            return (
                code, Dictionary(lines, uniquingKeysWith: { "\($0) \($1)" }), text, try sandbox().calls(of: client)
            )
        }

        private let all = ["key", "roles", "products", "pictures", "task", "import"]

        @Test func `With everything right each check says ok, and no picture is imported`() throws {
            let (code, lines, _, calls) = try run("good")
            #expect(lines == Dictionary(uniqueKeysWithValues: all.map { ($0, "ok") }))
            #expect(code == 0)
            let imports = calls.filter { $0["path"].string?.hasSuffix("/pictures/import") == true }
            #expect(imports.map { $0["status"].int } == [400])
            #expect(imports.map { JSONValue($0["body"].string ?? "")["items"].list.count } == [0])
        }

        private static let changes: [(key: String, check: String, told: String, code: Int32)] = [
            ("expires-5d", "key", "ends in 5 days", 0), ("without-expires_at", "key", "doesn't tell when it ends", 0),
            ("invalid-key", "key", "Invalid Api-Key", 1), ("deactivated", "key", "Api-key is deactivated", 1),
            ("reader", "roles", "may not use /v2/product/pictures/import", 1),
            ("at-/v3/product/info/list-sunset", "products", "announces its end (Sunset: Tue, 01 Dec 2026", 0),
            ("without-offer_id", "products", "items[].offer_id is missing", 1),
            ("without-is_created", "products", "items[].statuses.is_created is missing", 1),
            ("number-images", "products", "items[].images is a number, it was a list of texts", 1),
            ("without-color_photo", "pictures", "items[].color_photo is missing", 1),
            ("at-/v2/product/pictures/info-without-items", "pictures", "items is missing", 1),
            ("without-result", "task", "result.items is missing", 1),
            ("at-/v1/product/import/info-retired", "task", "is retired (HTTP 400 code 9", 1),
            ("at-/v2/product/pictures/import-retired-410", "import", "is retired (HTTP 410 code 9", 1),
            ("at-/v2/product/pictures/import-html-502", "import", "HTTP 502 without JSON", 1),
        ]

        @Test(arguments: changes.indices)
        func `What changed is told in plain words, by the check whose it is`(_ number: Int) throws {
            let (key, check, told, expected) = Self.changes[number]
            let (code, lines, text, _) = try run(key)
            #expect(code == expected, "\(key): \(text)")
            #expect(lines.filter { $0.value != "ok" }.map(\.key) == [check], "\(key): \(text)")
            #expect(text.contains(told), "\(key): \(text)")
        }

        @Test func `No credential is shown, whatever Ozon repeats of it or the file lacks`() throws {
            let echo = try run(Sandbox.sellerKey)
            #expect(echo.code == 1)
            #expect(echo.text.contains("Client-Id ***, Api-Key ***"))
            #expect(!echo.text.contains(Sandbox.sellerKey))
            let without = try run("good", ["OZON_CLIENT_ID": "", "OZON_API_KEY": ""])
            #expect(without.code == 1)
            #expect(without.text.contains("OZON_CLIENT_ID and OZON_API_KEY missing"))
        }

        @Test func `Without a product it says that fields were not looked at; an unknown one fails`() throws {
            let without = try run("without-offer_id", product: nil)
            #expect(without.code == 0)
            #expect(without.text.contains("fields were not looked at: --product ID"))
            let unknown = try run("good", product: 424_242)
            #expect(unknown.code == 1)
            #expect(unknown.lines["products"] == "FAILED")
            #expect(try run("good", ["OZON_API_URL": "http://127.0.0.1:\(try freePort())"]).lines == ["key": "FAILED"])
        }
    }
}
