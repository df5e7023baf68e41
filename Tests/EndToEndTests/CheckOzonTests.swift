import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// deploy/check-ozon against the stand-in, whose Api-Keys select possible changes of Ozon's API.
    @Suite struct CheckOzon {
        private struct Report {
            let code: Int32
            let text: String
            /// The names of the checks that failed.
            let failed: [String]
        }

        private func run(_ key: String, product: Int? = 123, _ changes: [String: String] = [:]) throws -> Report {
            let directory = try TemporaryDirectory()
            let settings = [
                "OZON_CLIENT_ID": newClientID(), "OZON_API_KEY": key,
                "OZON_API_URL": "http://127.0.0.1:\(try sandbox().ozonPort)",
            ].merging(changes) { $1 }
            try directory.write("env", settings.map { "\($0)=\"\($1)\"" }.joined(separator: "\n") + "\n")
            let arguments = ["--env", directory.file("env")] + (product.map { ["--product", "\($0)"] } ?? [])
            let (code, output, errors) = try ChildProcess.run("\(repository)/deploy/check-ozon", arguments, within: 30)
            let text = String(decoding: output, as: UTF8.self) + errors
            if key.count > 3 { #expect(!text.contains(key), "the key is printed") }
            let failed = text.split(separator: "\n").filter { $0.hasPrefix("FAILED") }.map {
                String($0.split(separator: " ")[1])
            }
            return Report(code: code, text: text, failed: failed)
        }

        @Test func `If Ozon's API is unchanged, each check prints ok and nothing is changed on Ozon`() throws {
            let clientID = newClientID()
            let report = try run("good", ["OZON_CLIENT_ID": clientID])
            #expect(report.code == 0 && report.failed.isEmpty, "\(report.text)")
            for check in ["key", "expiry", "roles", "products", "pictures", "tasks", "import"] {
                #expect(report.text.contains("ok      \(check) "), "\(check)")
            }
            let calls = try sandbox().calls(of: clientID)
            #expect(calls.count == 5)
            #expect(
                calls.filter { $0["path"].string == OzonStandIn.Method.picturesImport }.map { $0["body"].string }
                    == [#"{"items": []}"#])
        }

        @Test func `Each change of Ozon's API fails the check that covers it, with an explanation`() throws {
            let rows: [(key: String, check: String, words: String)] = [
                ("invalid-key", "key", "create a new one"), ("deactivated", "key", "create a new key"),
                ("lacks-expires_at", "key", "expires_at is gone"), ("expires-3d", "expiry", "expires in 3 days"),
                ("expires-13d", "expiry", "expires in 13 days"),
                ("lacks-images@2", "products", "items[0].images is gone"),
                ("retyped-id@2", "products", "items[0].id is an object, a number was expected"),
                ("lacks-is_created@2", "products", "items[0].statuses.is_created is gone"),
                ("renamed-images@2", "products", "items[0].images is gone"),
                ("null-color_image@2", "products", "items[0].color_image is null, a list of texts was expected"),
                ("mixed-images@2", "products", "items[0].images[5] is a number, a text was expected"),
                ("objects-photo@3", "pictures", "items[0].photo[0] is an object, a text was expected"),
                ("html-200@2", "products", "an HTML page"), ("retired@2", "products", "has retired this method"),
                ("no-role@3", "pictures", "give the key a role"),
                ("lacks-photo@3", "pictures", "items[0].photo is gone"), ("wrong-shape@4", "tasks", "result is gone"),
                ("retired-410@5", "import", "has retired this method"), ("internal@5", "import", "try again"),
            ]
            for row in rows {
                let report = try run(row.key)
                #expect(report.code == 1, "\(row.key)")
                #expect(report.failed == [row.check], "\(row.key): \(report.text)")
                #expect(report.text.contains(row.words), "\(row.key): \(report.text)")
            }
        }

        @Test func `The shape of a task's errors covers every member that is read`() throws {
            let load = """
                import os, runpy, sys
                sys.path.insert(0, os.path.dirname(sys.argv[1]))
                check = runpy.run_path(sys.argv[1])
                error = {"code": "c", "level": "warning", "field": "pictures", "message": "", "description": ""}
                item = {"offer_id": "A", "product_id": 1, "status": "imported", "errors": [error]}
                def compare(**changes):
                    error.update(changes)
                    return check["differences"](item, check["TASK"], "")
                print(compare(), compare(texts={"message": "m"}), compare(texts={"message": 5}))
                print(compare(texts=None, message=5))
                print(compare(message="", description=5), sys.modules["checks"].LARGEST)
                """
            let (code, output, errors) = try ChildProcess.run(
                "/usr/bin/python3", ["-B", "-c", load, "\(repository)/deploy/check-ozon"], within: 30)
            #expect(code == 0, "\(errors)")
            #expect(
                String(decoding: output, as: UTF8.self) == """
                    [] [] ['errors[0].texts.message is a number, a text was expected']
                    ['errors[0].message is a number, a text was expected']
                    ['errors[0].description is a number, a text was expected'] 16777216

                    """)
        }

        @Test func `Fourteen days of validity suffice, a rate limit is waited for, and the product is optional`() throws
        {
            #expect(try run("expires-14d").code == 0)
            #expect(try run("rate-limited-once").code == 0)
            let report = try run("good", product: nil)
            #expect(report.code == 0)
            #expect(report.text.contains("with --product ID"))
            #expect(try run("good", product: 99_999_999).failed == ["product"])
        }

        @Test func `With OZON_PICTURES_API=v1 the v1 method is checked`() throws {
            let report = try run("good", ["OZON_PICTURES_API": "v1"])
            #expect(report.failed == ["import"])
            #expect(report.text.contains("/v1/product/pictures/import: HTTP 400, obsolete method cannot be used"))
        }

        @Test func `An unreachable Ozon and every invalid setting are reported`() throws {
            let gone = try run("good", ["OZON_API_URL": "http://127.0.0.1:\(try closedPort())"])
            #expect(gone.failed == ["key"] && gone.code == 1, "\(gone.text)")
            let wrong = try run("", ["OZON_CLIENT_ID": "1 2", "OZON_API_URL": "http://ozon.example"])
            #expect(wrong.code == 64)
            for words in ["OZON_API_KEY is missing", "OZON_CLIENT_ID: Invalid characters", "must be https"] {
                #expect(wrong.text.contains(words), "\(wrong.text)")
            }
        }
    }
}
