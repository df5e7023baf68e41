import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Ozon's failures at each step of a push, and the errors that they become.
    @Suite struct PushErrors {
        /// Checks all failures at once, each with its own product and Client-Id.
        private func check(
            _ endpoint: Endpoint, suffix: String, calls expected: (OzonFailure) -> [String], _ more: [String: Any]
        ) throws {
            let fixture = try PushFixture()
            let open = try OzonFailure.all.map { row in
                let (clientID, product) = (newClientID(), try fixture.ozon.newProduct())
                let body = pushBody(product, clientID: clientID, key: row.key + suffix, more)
                let before = try fixture.ozon.currentPictures(of: product)
                return (row, clientID, product, before, try fixture.nginx.client.open(endpoint, Array(body.utf8)))
            }
            for (row, clientID, product, before, connection) in open {
                let response = try HTTPResponse(try connection.readToEnd())
                row.check(response, sentAs: row.key + suffix)
                #expect(try fixture.ozon.paths(of: clientID) == expected(row), "\(row.key)")
                #expect(try fixture.ozon.currentPictures(of: product) == before, "\(row.key)")
            }
        }

        @Test func `A failure of the first read becomes its row of the error table, and nothing is sent`() throws {
            try check(
                .pushImages, suffix: "", calls: { Array(repeating: OzonStandIn.Method.list, count: $0.calls) },
                ["images": pictures(1)])
        }

        @Test func `A failure of the import becomes its row of the error table`() throws {
            try check(
                .pushImages, suffix: "@2+",
                calls: {
                    [OzonStandIn.Method.list] + Array(repeating: OzonStandIn.Method.picturesImport, count: $0.calls)
                },
                ["images": pictures(1)])
        }

        @Test func `A failure of push-status becomes its row of the error table`() throws {
            let fixture = try PushFixture()
            for row in OzonFailure.all where row.key != "wrong-shape" {
                let clientID = newClientID()
                expect(
                    try fixture.requestStatus(pushBody(123, clientID: clientID, key: row.key, ["task_id": 1])),
                    row.error, row.key)
                let paths = Array(repeating: OzonStandIn.Method.importInfo, count: row.calls)
                #expect(try fixture.ozon.paths(of: clientID) == paths, "\(row.key)")
            }
        }

        @Test func `Transient failures are retried after the requested pause, at each step`() throws {
            let keys = ["rate-limited@1", "rate-limited@2", "internal@1", "internal@2", "reset@2", "circle-open@3"]
            let rows = try keys.map { ($0, newClientID(), try OzonStandIn.shared().newProduct()) }
            let responses = try pushAll(
                rows.map { key, clientID, product in
                    pushBody(product, clientID: clientID, key: key, ["images": pictures(2)])
                })
            for ((key, clientID, product), response) in zip(rows, responses) {
                expectOutcome(response, "confirmed", product, images: 2, key)
                let calls = try sandbox().calls(of: clientID)
                #expect(
                    calls.filter { $0["path"].string == OzonStandIn.Method.picturesImport }.count
                        == (key.hasSuffix("2") ? 2 : 1))
                guard key.hasPrefix("rate"), let step = Int(key.suffix(1)), calls.count > step else { continue }
                let pause = (calls[step]["at"].int ?? 0) - (calls[step - 1]["at"].int ?? 0)
                #expect(pause >= 1000, "\(key): Retry-After was 1 s, the pause was \(pause) ms")
            }
        }

        @Test func `A failure after the import leaves the push pending`() throws {
            let fixture = try PushFixture(["OZON_PUSH_TIMEOUT": "12", "OZON_PUSH_MAX_RETRIES": "1"])
            let words = [
                "internal@3+": "Internal error", "html-200@3+": "not a JSON object", "stall@3+": "timeout",
                "no-role@3+": "missing a required role", "retired@3+": "obsolete method", "conflict@3+": "conflict",
                "not-found@3+": "not found",
            ]
            let open = try words.map { key, detail in
                let (product, clientID) = (try fixture.ozon.newProduct(), newClientID())
                let body = pushBody(product, clientID: clientID, key: key, ["images": pictures(1)])
                return (key, detail, product, clientID, try fixture.nginx.client.open(.pushImages, Array(body.utf8)))
            }
            for (key, detail, product, clientID, connection) in open {
                let response = try HTTPResponse(try connection.readToEnd())
                expectOutcome(response, "pending", product, key)
                #expect(response.json["data"]["task_id"].exists)
                #expect(response.json["detail"].string?.contains(detail) == true, "\(response.text)")
                #expect(try fixture.ozon.imports(of: clientID).count == 1)
            }
        }

        @Test func `OZON_PUSH_MAX_RETRIES is the number of retries`() throws {
            for retries in [0, 1] {
                let fixture = try PushFixture(["OZON_PUSH_MAX_RETRIES": "\(retries)"])
                let clientID = newClientID()
                let body = pushBody(
                    try fixture.ozon.newProduct(), clientID: clientID, key: "internal@2+", ["images": pictures(1)])
                expect(try fixture.push(body), .ozonUnavailable)
                #expect(try fixture.ozon.imports(of: clientID).count == retries + 1)
            }
        }

        @Test func `The credential is in no response and no log`() throws {
            let fixture = try PushFixture()
            let (clientID, key) = ("98765432987", Sandbox.sellerKey)
            let (push, status): ([String: Any], [String: Any]) = (["images": pictures(1)], ["task_id": 1])
            for response in [
                try fixture.push(pushBody(try fixture.ozon.newProduct(), clientID: clientID, key: key, push)),
                try fixture.requestStatus(pushBody(123, clientID: clientID, key: key, status)),
            ] {
                expect(response, .ozonUnavailable)
                #expect(response.json["detail"].string == "Internal error: Client-Id ***, Api-Key ***")
                #expect(!response.text.contains(clientID) && !response.text.contains(key))
            }
            let rejected = try fixture.push(pushBody(0, clientID: clientID, key: key, ["images": [key, clientID]]))
            expect(rejected, .validationFailed, "the same text in another field is not masked")
            for process in [fixture.images, fixture.status] {
                #expect(try process.messages("request").isEmpty == false)
                let log = try String(contentsOfFile: process.log, encoding: .utf8)
                #expect(!log.contains(clientID) && !log.contains(key))
            }
        }
    }
}
