import Foundation
import Testing

extension EndToEnd {
    /// What Ozon's failures become, at each step of a push, by the stand-in's special keys.
    @Suite struct PushErrors {
        /// Every row at once, each with a product and a client of its own.
        private func check(
            _ endpoint: Endpoint, suffix: String, calls expected: (OzonFailure) -> [String], _ more: [String: Any]
        ) throws {
            let stage = try PushStage(["OZON_PUSH_TIMEOUT": "6"])
            let open = try OzonFailure.all.map { row in
                let (client, product) = (nextClient(), OwnProduct.next())
                let body = pushBody(product, client: client, key: row.key + suffix, more)
                let before = try stage.ozon.standing(product)
                return (row, client, product, before, try stage.stage.site.open(endpoint, Array(body.utf8)))
            }
            for (row, client, product, before, wire) in open {
                let answer = try HTTPAnswer(try wire.readToEnd())
                row.check(answer, sentAs: row.key + suffix)
                let asked = try stage.ozon.paths(of: client)
                // The last attempt at a stall may find its time used up.
                let wanted = expected(row)
                let short = row.key == "stall" ? Array(wanted.dropLast()) : wanted
                #expect(asked == wanted || asked == short, "\(row.key): \(asked)")
                #expect(try stage.ozon.standing(product) == before, "\(row.key)")
            }
        }

        @Test func `At the read before: the row of the table, asked as often as it makes sense, nothing sent`() throws {
            try check(
                .pushImages, suffix: "", calls: { Array(repeating: OzonMethod.list, count: $0.calls) },
                ["images": pictures(1)])
        }

        @Test func `At the import: the same rows`() throws {
            try check(
                .pushImages, suffix: "@2+",
                calls: { [OzonMethod.list] + Array(repeating: OzonMethod.picturesImport, count: $0.calls) },
                ["images": pictures(1)])
        }

        @Test func `At push-status: the same rows`() throws {
            let stage = try PushStage(["OZON_PUSH_TIMEOUT": "6"])
            for row in OzonFailure.all where row.key != "wrong-shape" && row.key != "stall" {
                let client = nextClient()
                expect(try stage.ask(pushBody(123, client: client, key: row.key, ["task_id": 1])), row.failure, row.key)
                let paths = Array(repeating: OzonMethod.importInfo, count: row.calls)
                #expect(try stage.ozon.paths(of: client) == paths, "\(row.key)")
            }
        }

        @Test func `A fault that passes is waited for, at each step`() throws {
            let keys = ["rate-limited@1", "rate-limited@2", "internal@1", "internal@2", "reset@2", "circle-open@3"]
            let rows = keys.map { ($0, nextClient(), OwnProduct.next()) }
            let answers = try pushAll(
                rows.map { key, client, product in
                    pushBody(product, client: client, key: key, ["images": pictures(2)])
                })
            for ((key, client, product), answer) in zip(rows, answers) {
                expectOutcome(answer, "confirmed", product, images: 2, key)
                let calls = try sandbox().calls(of: client)
                #expect(
                    calls.filter { $0["path"].string == OzonMethod.picturesImport }.count
                        == (key.hasSuffix("2") ? 2 : 1))
                guard key.hasPrefix("rate"), let step = Int(key.suffix(1)), calls.count > step else { continue }
                let pause = (calls[step]["at"].int ?? 0) - (calls[step - 1]["at"].int ?? 0)
                #expect(pause >= 1000, "\(key): Retry-After was 1 s, it came after \(pause) ms")
            }
        }

        @Test func `Once the import is sent, what fails leaves the push pending`() throws {
            let stage = try PushStage(["OZON_PUSH_TIMEOUT": "4", "OZON_PUSH_MAX_RETRIES": "1"])
            let words = [
                "internal@3+": "Internal error", "html-200@3+": "not a JSON object", "stall@3+": "timeout",
                "no-role@3+": "missing a required role", "retired@3+": "obsolete method", "conflict@3+": "conflict",
                "not-found@3+": "not found",
            ]
            for (key, detail) in words {
                let (product, client) = (OwnProduct.next(), nextClient())
                let answer = try stage.push(pushBody(product, client: client, key: key, ["images": pictures(1)]))
                expectOutcome(answer, "pending", product, key)
                #expect(answer.json["data"]["task_id"].exists)
                #expect(answer.json["detail"].string?.contains(detail) == true, "\(answer.text)")
                #expect(try stage.ozon.imports(of: client).count == 1)
            }
        }

        @Test func `OZON_PUSH_MAX_RETRIES is the number of repetitions`() throws {
            for retries in [0, 1] {
                let stage = try PushStage(["OZON_PUSH_MAX_RETRIES": "\(retries)"])
                let client = nextClient()
                let body = pushBody(OwnProduct.next(), client: client, key: "internal@2+", ["images": pictures(1)])
                expect(try stage.push(body), .ozonUnavailable)
                #expect(try stage.ozon.imports(of: client).count == retries + 1)
            }
        }

        @Test func `The credential is in no answer and no log`() throws {
            let stage = try PushStage()
            let (client, key) = ("98765432987", Sandbox.sellerKey)
            let (push, ask): ([String: Any], [String: Any]) = (["images": pictures(1)], ["task_id": 1])
            for answer in [
                try stage.push(pushBody(OwnProduct.next(), client: client, key: key, push)),
                try stage.ask(pushBody(123, client: client, key: key, ask)),
            ] {
                expect(answer, .ozonUnavailable)
                #expect(answer.json["detail"].string == "Internal error: Client-Id ***, Api-Key ***")
                #expect(!answer.text.contains(client) && !answer.text.contains(key))
            }
            let refused = try stage.push(pushBody(0, client: client, key: key, ["images": [key, client]]))
            expect(refused, .validationFailed, "what the caller wrote elsewhere is no credential")
            for handler in [stage.images, stage.status] {
                #expect(try handler.messages("request").isEmpty == false)
                let log = try String(contentsOfFile: handler.log, encoding: .utf8)
                #expect(!log.contains(client) && !log.contains(key))
            }
        }
    }
}
