import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Ozon's failures, which the stand-in selects by Api-Key, and the errors that they become.
    @Suite struct OzonErrors {
        @Test func `Each of Ozon's failures becomes its row of the error table, after its number of attempts`() throws {
            let client = try sandbox().client
            let open = try OzonFailure.all.map { row in
                let clientID = newClientID()
                let body = downloadBody(["2194435300"], clientID: clientID, key: row.key)
                return (row, clientID, try client.open(.download, Array(body.utf8)))
            }
            for (row, clientID, connection) in open {
                let response = try HTTPResponse(try connection.readToEnd())
                row.check(response, sentAs: row.key)
                #expect(try sandbox().calls(of: clientID).count == row.calls, "\(row.key)")
            }
        }

        @Test func `A reset is retried OZON_MAX_RETRIES times, also on a reused connection`() throws {
            let process = try EndpointProcess(.download, ["OZON_MAX_RETRIES": "2"])
            for _ in 0..<5 {
                #expect(try process.post(downloadBody(["A-1"])).status == 200)
                let clientID = newClientID()
                expect(try process.post(downloadBody(["A-1"], clientID: clientID, key: "reset")), .ozonUnavailable)
                let calls = try sandbox().calls(of: clientID).count
                #expect(calls == 3)
            }
        }

        @Test func `A stall ends with the budget`() throws {
            let process = try EndpointProcess(.download, ["OZON_TIMEOUT": "10", "OZON_MAX_RETRIES": "1"])
            let clientID = newClientID()
            let elapsed = try elapsedSeconds {
                expect(try process.post(downloadBody(["A-1"], clientID: clientID, key: "stall")), .ozonTimeout)
            }
            #expect(elapsed > 9 && elapsed < 18, "the budget is 10 s, and it took \(elapsed) s")
            #expect(try sandbox().calls(of: clientID).count == 2)
        }

        @Test func `An endless response is cut off`() throws {
            let process = try EndpointProcess(.download, ["OZON_TIMEOUT": "60"])
            let clientID = newClientID()
            expect(try process.post(downloadBody(["A-1"], clientID: clientID, key: "huge")), .ozonBadAnswer)
            #expect(try sandbox().calls(of: clientID).count == 1)
            #expect(try #require(process.child.statusLine("VmHWM")) < 256 * 1024)
        }

        @Test(.alone) func `Transient failures are retried after the requested pause`() throws {
            for key in ["rate-limited-once", "rate-limited-2ps", "internal-once", "reset-once", "circle-open-once"] {
                let clientID = newClientID()
                let response = try sandbox().client.post(
                    .download, downloadBody(["2194435300"], clientID: clientID, key: key))
                #expect(response.status == 200, "\(key): \(response.text)")
                #expect(response.json["data"]["items"][0]["status"].string == "success", "\(key)")
                let calls = try sandbox().calls(of: clientID)
                #expect(calls.count == 2, "\(key)")
                guard key.hasPrefix("rate"), calls.count == 2 else { continue }
                let pause = (calls[1]["at"].int ?? 0) - (calls[0]["at"].int ?? 0)
                #expect(pause >= 1000, "\(key): Retry-After was 1 s, the pause was \(pause) ms")
            }
        }

        @Test(.alone)
        func `After a 429 later calls with that key are throttled, and calls with others are not`() throws {
            // A stall of the machine can bring two calls together, but not in each of several attempts.
            #expect(try (0..<5).contains { _ in try areThrottled() })
        }

        /// Whether the calls after a 429 arrive at Ozon at the rate that it names, while calls with other keys do not
        /// wait.
        private func areThrottled() throws -> Bool {
            let client = try sandbox().client
            let (clientID, key) = (newClientID(), "rate-limited-2ps")
            let first = try client.post(.download, downloadBody(["A-1"], clientID: clientID, key: key))
            #expect(first.status == 200)
            let more = try (0..<3).map { _ in
                try client.open(.download, Array(downloadBody(["A-1"], clientID: clientID, key: key).utf8))
            }
            for other in [downloadBody(["A-1"]), downloadBody(["A-2"], clientID: clientID, key: "another")] {
                #expect(try client.post(.download, other).status == 200)
            }
            let isWaiting = try sandbox().calls(of: clientID).count < 6
            for connection in more { #expect(try HTTPResponse(try connection.readToEnd()).status == 200) }
            let times = try sandbox().calls(of: clientID).filter { $0["body"].string?.contains("A-1") == true }
                .compactMap { $0["at"].int }.sorted()
            #expect(times.count == 5)
            return isWaiting && zip(times.dropFirst(), times.dropFirst(2)).allSatisfy { $1 - $0 >= 400 }
        }

        @Test func `A credential in Ozon's error message is masked`() throws {
            let clientID = "98765432123"
            let response = try sandbox().client.post(
                .download, downloadBody(["A-1"], clientID: clientID, key: Sandbox.sellerKey))
            expect(response, .ozonUnavailable)
            #expect(response.json["detail"].string == "Internal error: Client-Id ***, Api-Key ***")
            #expect(!response.text.contains(clientID))
            #expect(!response.text.contains(Sandbox.sellerKey))
        }

        @Test func `An unreachable Ozon, or one without TLS, is OZON_UNAVAILABLE`() throws {
            let urls = [
                "http://127.0.0.1:\(try closedPort())", "https://127.0.0.1:\(try sandbox().client.port)",
                "https://ozon.invalid",
            ]
            for url in urls {
                let process = try EndpointProcess(.download, ["OZON_API_URL": url, "OZON_MAX_RETRIES": "1"])
                expect(try process.post(downloadBody(["A-1"])), .ozonUnavailable, url)
            }
        }

        @Test func `Proxy settings of the environment are ignored`() throws {
            let proxies = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
            let process = try EndpointProcess(
                .download, Dictionary(uniqueKeysWithValues: proxies.map { ($0, "http://127.0.0.1:1") }))
            #expect(try process.post(downloadBody(["A-1"])).status == 200)
        }

        @Test func `An answer that Ozon sends late and twice does not become another seller's`() throws {
            func products(_ name: String) -> ScriptedServer.Step {
                let body = """
                    {"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/\(name)"], "images": [], \
                    "color_image": [], "is_archived": false}]}
                    """
                return .send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
            let (isAnswered, isSent) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let server = try ScriptedServer(
                [
                    .receive, products("first"), .run { isAnswered.wait() }, products("first"),
                    .run { isSent.signal() }, .receive, products("second"),
                ], [.receive, products("second")])
            let process = try EndpointProcess(.download, ["OZON_API_URL": server.url])
            #expect(try process.post(downloadBody(["A-1"])).text.contains("https://h/first"))
            isAnswered.signal()
            isSent.wait()
            let response = try process.post(downloadBody(["A-1"], clientID: newClientID()))
            #expect(response.text.contains("https://h/second") && !response.text.contains("first"), "\(response.text)")
        }
    }
}
