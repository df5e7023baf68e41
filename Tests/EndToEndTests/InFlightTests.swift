import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Many requests at once.
    @Suite struct InFlight {
        @Test func `300 slow calls are in flight in one process, on few threads, and the presigner beside it is quick`()
            throws
        {
            let stage = try Stage()
            let handler = try stage.handler(.download).warmedUp()
            let presigner = try stage.handler(.presign)
            let client = nextClient()
            let bodies = (0..<300).map { Array(downloadBody(["A-\($0 + 1)"], client: client, key: "slow-1s").utf8) }
            var answers: [HTTPAnswer] = []
            var threads = 0
            let passed = try seconds {
                let open = try bodies.map { try stage.site.open(.download, $0) }
                threads = handler.program.statusLine("Threads") ?? .max
                for _ in 0..<20 {
                    var answer: HTTPAnswer?
                    let quick = try seconds { answer = try stage.site.post(.presign, Endpoint.presign.goodBody) }
                    #expect(answer?.status == 200)
                    #expect(quick < 0.5)
                }
                answers = try open.map { try HTTPAnswer(try $0.readToEnd()) }
                threads = max(threads, handler.program.statusLine("Threads") ?? .max)
            }
            #expect(answers.allSatisfy { $0.status == 200 })
            #expect(answers.map { $0.json["data"]["items"][0]["product_id"].int } == (1...300).map { 1_000_000 + $0 })
            #expect(passed < 2)
            #expect(threads < 64)
            let peak = try http("GET", port: try sandbox().ozonPort, "/_peak?client_id=\(client)").json["peak"].int
            #expect(try #require(peak) > 200)
            #expect(presigner.program.isRunning)
        }

        @Test func `The first calls of a process don't wait for one another`() throws {
            let handler = try Handler(.download)
            let client = nextClient()
            let body = downloadBody(["A-1"], client: client, key: "slow-1s")
            let open = try (0..<5).map { _ in
                let wire = try handler.connect()
                try wire.wire.send(FastCGIWire.request(Array(body.utf8), key: try sandbox().key))
                return wire
            }
            for wire in open { #expect(try wire.answer().status == 200) }
            let peak = try http("GET", port: try sandbox().ozonPort, "/_peak?client_id=\(client)").json["peak"].int
            #expect(peak == 5)
        }

        @Test func `Over MAX_IN_FLIGHT is OVERLOADED, and goes on when one has ended`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.download, ["MAX_IN_FLIGHT": "2"]).warmedUp()
            let client = nextClient()
            let slow = try (0..<2).map { _ in
                try stage.site.open(.download, Array(downloadBody(["A-1"], client: client, key: "slow-1500ms").utf8))
            }
            try eventually("both are in flight") { try sandbox().calls(of: client).count == 2 }
            for _ in 0..<3 {
                let answer = try stage.site.post(.download, Endpoint.download.goodBody)
                expect(answer, .overloaded)
                #expect(answer["Retry-After"] == "1")
            }
            for wire in slow { #expect(try HTTPAnswer(try wire.readToEnd()).status == 200) }
            #expect(try stage.site.post(.download, Endpoint.download.goodBody).status == 200)
            #expect(handler.program.isRunning)
        }

        @Test func `One whose browser went away makes room`() throws {
            let handler = try Handler(.download, ["MAX_IN_FLIGHT": "1", "OZON_TIMEOUT": "60"])
            let client = nextClient()
            for streamed in [false, true] {
                var wire: FastCGIWire? = try handler.connect()
                let body = Array(downloadBody(["A-1"], client: client, key: "stall").utf8)
                let accept = streamed ? [("HTTP_ACCEPT", Optional("application/x-ndjson"))] : []
                try wire?.wire.send(FastCGIWire.request(body, key: try sandbox().key, with: accept))
                try eventually("Ozon is asked") { try sandbox().calls(of: client).count == (streamed ? 2 : 1) }
                expect(try handler.post(Endpoint.download.goodBody), .overloaded)
                wire = nil
                try eventually("there is room again", within: 2) {
                    try handler.post(Endpoint.download.goodBody).status == 200
                }
            }
        }

        @Test func `A request under way keeps what it needs of its body, and no more`() throws {
            let handler = try Handler(.download, ["OZON_TIMEOUT": "60"]).warmedUp()
            let articles = (0..<5000).map { "\($0)".padding(toLength: 200, withPad: "x", startingAt: 0) }
            // Under the limit of a body, and of which nothing is needed.
            let unknown = String(repeating: "y", count: 1_000_000)
            for (more, most) in [(["articles": articles], 2.5), (["x": unknown], 0.5)] as [([String: Any], Double)] {
                let client = nextClient()
                let body = Array(downloadBody(["A-1"], client: client, key: "stall", more).utf8)
                let before = handler.program.statusLine("RssAnon") ?? 0
                var open: [FastCGIWire] = []
                for _ in 0..<50 {
                    let wire = try handler.connect()
                    try wire.wire.send(FastCGIWire.request(body, key: try sandbox().key))
                    open.append(wire)
                }
                try eventually("all of them wait for Ozon", within: 30) {
                    try sandbox().calls(of: client).count == 50 * (more["x"] == nil ? 5 : 1)
                }
                let each = Double((handler.program.statusLine("RssAnon") ?? .max) - before) * 1024 / 50
                #expect(each / Double(body.count) < most, "\(each / Double(body.count)) times the body")
                print("in flight, \(more.keys.first!): \(each / Double(body.count)) times the body")
            }
        }

        @Test func `Where bodies may have 4 MiB, 256 requests are under way and each takes at most 2.5 times that`()
            throws
        {
            let r2 = try ScriptedServer(scripts: [[.stall]])
            let handler = try Handler(.complete, ["R2_ENDPOINT_URL": r2.url])
            let etag = String(repeating: "a", count: 128)
            let parts = (1...10_000).map { ["part_number": $0, "etag": etag] as [String: Any] }
            let text = jsonText(["r2_path": "users/u/a", "upload_id": "x", "parts": parts])
            let large = Array(text.utf8) + [UInt8](repeating: 0x20, count: (4 << 20) - text.utf8.count)
            let small = Array(jsonText(["r2_path": "users/u/a", "upload_id": "x"]).utf8)
            var open: [FastCGIWire] = []
            func send(_ body: [UInt8]) throws {
                open.append(try handler.connect())
                try open.last!.wire.send(FastCGIWire.request(body, key: try sandbox().key))
            }
            let before = handler.program.statusLine("RssAnon") ?? 0
            for _ in 0..<16 { try send(large) }
            for _ in 16..<256 { try send(small) }
            try eventually("the 257th is refused", within: 8) {
                try handler.connect().post("{}").json["code"].string == "OVERLOADED"
            }
            let each = Double((handler.program.statusLine("RssAnon") ?? .max) - before) * 1024 / 16
            #expect(each / Double(4 << 20) < 2.5, "\(each / Double(4 << 20)) times the body")
            #expect(try handler.messages("request").allSatisfy { $0["code"].string != "INTERNAL" })
            print("in flight, complete: \(each / Double(4 << 20)) times the body")
        }

        @Test func `Thirty-two batches of long paths at once take at most 2.5 times the largest body each`() throws {
            let handler = try Handler(.presignBatch)
            let name = String(repeating: "я", count: 480)
            let items = (0..<1000).map { ["r2_path": "users/u/\($0)/\(name)"] }
            let text = Array(jsonText(["items": items]).utf8)
            let body = text + [UInt8](repeating: 0x20, count: (4 << 20) - text.count)
            let before = handler.program.statusLine("VmHWM") ?? 0
            let open = try (0..<32).map { _ in
                let wire = try handler.connect()
                try wire.wire.send(FastCGIWire.request(body, key: try sandbox().key))
                return wire
            }
            for wire in open { #expect(try wire.answer().status == 200) }
            let each = Double((handler.program.statusLine("VmHWM") ?? .max) - before) * 1024 / 32
            #expect(each / Double(body.count) < 2.5, "\(each / Double(body.count)) times the body")
            print("in flight, presigned-urls: \(each / Double(body.count)) times the body")
        }

        @Test func `A large answer comes whole, plain and over many kept requests`() throws {
            let handler = try Handler(.download)
            let body = downloadBody((1...5000).map { "A-\($0)" })
            let wire = try handler.connect()
            for _ in 0..<3 {
                let answer = try wire.post(body, keep: true)
                #expect(answer.body.count > 700_000)
                #expect(answer.json["data"]["items"].list.count == 5000)
            }
            let through = try sandbox().site.post(.download, body)
            #expect(through.json["data"]["items"].list.count == 5000)
        }
    }
}
