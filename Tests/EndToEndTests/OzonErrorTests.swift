import Foundation
import Testing

extension EndToEnd {
    /// What Ozon's failures become, by the stand-in's special keys.
    @Suite struct OzonErrors {
        @Test func `Each of Ozon's failures is its row of the table, asked as often as it makes sense`() throws {
            let site = try sandbox().site
            let open = try OzonFailure.all.map { row in
                let client = nextClient()
                let body = downloadBody(["2194435300"], client: client, key: row.key)
                return (row, client, try site.open(.download, Array(body.utf8)))
            }
            for (row, client, wire) in open {
                let answer = try HTTPAnswer(try wire.readToEnd())
                row.check(answer, sentAs: row.key)
                #expect(try sandbox().calls(of: client).count == row.calls, "\(row.key)")
            }
        }

        @Test func `A reset is repeated as often as OZON_MAX_RETRIES says, also on a connection used before`() throws {
            let handler = try Handler(.download, ["OZON_MAX_RETRIES": "2"])
            for _ in 0..<5 {
                #expect(try handler.post(downloadBody(["A-1"])).status == 200)
                let client = nextClient()
                expect(try handler.post(downloadBody(["A-1"], client: client, key: "reset")), .ozonUnavailable)
                let calls = try sandbox().calls(of: client).count
                #expect(calls == 3)
            }
        }

        @Test func `A stall ends by the budget`() throws {
            let handler = try Handler(.download, ["OZON_TIMEOUT": "2", "OZON_MAX_RETRIES": "1"])
            let client = nextClient()
            let passed = try seconds {
                expect(try handler.post(downloadBody(["A-1"], client: client, key: "stall")), .ozonTimeout)
            }
            #expect(passed > 1 && passed < 4)
            #expect(try sandbox().calls(of: client).count == 2)
        }

        @Test func `An answer without end is cut off`() throws {
            let handler = try Handler(.download, ["OZON_TIMEOUT": "60"])
            let client = nextClient()
            expect(try handler.post(downloadBody(["A-1"], client: client, key: "huge")), .ozonBadAnswer)
            #expect(try sandbox().calls(of: client).count == 1)
            #expect(try #require(handler.program.statusLine("VmHWM")) < 256 * 1024)
        }

        @Test func `A fault that passes is waited for`() throws {
            for key in ["rate-limited-once", "rate-limited-2ps", "internal-once", "reset-once", "circle-open-once"] {
                let client = nextClient()
                let answer = try sandbox().site.post(.download, downloadBody(["2194435300"], client: client, key: key))
                #expect(answer.status == 200, "\(key): \(answer.text)")
                #expect(answer.json["data"]["items"][0]["status"].string == "success", "\(key)")
                let calls = try sandbox().calls(of: client)
                #expect(calls.count == 2, "\(key)")
                guard key.hasPrefix("rate"), calls.count == 2 else { continue }
                let pause = (calls[1]["at"].int ?? 0) - (calls[0]["at"].int ?? 0)
                #expect(pause >= 1000, "\(key): Retry-After was 1 s, it came after \(pause) ms")
            }
        }

        @Test func `After a 429 the next calls with that key are spaced, another client's or key's are not`() throws {
            let site = try sandbox().site
            let (client, key) = (nextClient(), "rate-limited-2ps")
            let first = try site.post(.download, downloadBody(["A-1"], client: client, key: key))
            #expect(first.status == 200)
            let more = try (0..<3).map { _ in
                try site.open(.download, Array(downloadBody(["A-1"], client: client, key: key).utf8))
            }
            let passed = try seconds {
                for other in [downloadBody(["A-1"]), downloadBody(["A-2"], client: client, key: "another")] {
                    let answer = try site.post(.download, other)
                    #expect(answer.status == 200)
                }
            }
            #expect(passed < 0.4)
            for wire in more { #expect(try HTTPAnswer(try wire.readToEnd()).status == 200) }
            let times = try sandbox().calls(of: client).filter { $0["body"].string?.contains("A-1") == true }
                .compactMap { $0["at"].int }.sorted()
            #expect(times.count == 5)
            for (earlier, later) in zip(times.dropFirst(), times.dropFirst(2)) {
                #expect(later - earlier >= 400, "two calls a second: \(times)")
            }
        }

        @Test func `What Ozon repeats of the credential is scrubbed`() throws {
            let client = "98765432123"
            let answer = try sandbox().site.post(
                .download, downloadBody(["A-1"], client: client, key: Sandbox.sellerKey))
            expect(answer, .ozonUnavailable)
            #expect(answer.json["detail"].string == "Internal error: Client-Id ***, Api-Key ***")
            #expect(!answer.text.contains(client))
            #expect(!answer.text.contains(Sandbox.sellerKey))
        }

        @Test func `An Ozon that isn't there, or speaks no TLS, is OZON_UNAVAILABLE`() throws {
            let urls = [
                "http://127.0.0.1:\(try freePort())", "https://127.0.0.1:\(try sandbox().site.port)",
                "https://ozon.invalid",
            ]
            for url in urls {
                let handler = try Handler(.download, ["OZON_API_URL": url, "OZON_MAX_RETRIES": "1"])
                expect(try handler.post(downloadBody(["A-1"])), .ozonUnavailable, url)
            }
        }

        @Test func `Proxies of the environment are not used`() throws {
            let proxies = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
            let handler = try Handler(
                .download, Dictionary(uniqueKeysWithValues: proxies.map { ($0, "http://127.0.0.1:1") }))
            #expect(try handler.post(downloadBody(["A-1"])).status == 200)
        }
    }
}
