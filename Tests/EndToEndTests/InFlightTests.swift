import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Many concurrent requests.
    @Suite struct InFlight {
        @Test func `One process serves 300 slow requests at once on few threads, and other endpoints are not delayed`()
            throws
        {
            let nginx = try NginxInstance()
            let process = try nginx.start(.download, ["OZON_TIMEOUT": "600"]).warmedUp()
            let presigner = try nginx.start(.presign)
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            let bodies = (0..<300).map { Array(downloadBody(["A-\($0 + 1)"], clientID: clientID, key: "held").utf8) }
            defer { try? ozon.release(clientID) }
            let open = try bodies.map { try nginx.client.open(.download, $0) }
            try eventually("all are in flight") { try process.status()["in flight"].int == 300 }
            for _ in 0..<20 {
                #expect(try nginx.client.post(.presign, Endpoint.presign.goodBody).status == 200)
            }
            #expect(try process.status()["in flight"].int == 300, "no other response waited for a slow one")
            var threads = process.child.statusLine("Threads") ?? .max
            try eventually("most of their calls are in flight") { try ozon.peak(of: clientID) > 200 }
            try ozon.release(clientID)
            let responses = try open.map { try HTTPResponse(try $0.readToEnd()) }
            threads = max(threads, process.child.statusLine("Threads") ?? .max)
            #expect(responses.allSatisfy { $0.status == 200 })
            #expect(responses.map { $0.json["data"]["items"][0]["product_id"].int } == (1...300).map { 1_000_000 + $0 })
            #expect(threads < 64)
            #expect(presigner.child.isRunning)
        }

        @Test func `The first requests of a process run in parallel`() throws {
            let process = try EndpointProcess(.download, ["OZON_TIMEOUT": "600"])
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            let body = downloadBody(["A-1"], clientID: clientID, key: "held")
            defer { try? ozon.release(clientID) }
            let open = try (0..<5).map { _ in
                let connection = try process.connect()
                try connection.socket.send(FastCGIConnection.request(Array(body.utf8), key: try sandbox().key))
                return connection
            }
            try eventually("all five are in flight") { try ozon.peak(of: clientID) == 5 }
            try ozon.release(clientID)
            for connection in open { #expect(try connection.response().status == 200) }
        }

        @Test func `Requests over MAX_IN_FLIGHT are OVERLOADED until one ends`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.download, ["MAX_IN_FLIGHT": "2", "OZON_TIMEOUT": "600"]).warmedUp()
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            defer { try? ozon.release(clientID) }
            let slow = try (0..<2).map { _ in
                try nginx.client.open(
                    .download, Array(downloadBody(["A-1"], clientID: clientID, key: "held").utf8))
            }
            try eventually("both are in flight") { try ozon.calls(of: clientID).count == 2 }
            for _ in 0..<3 {
                let response = try nginx.client.post(.download, Endpoint.download.goodBody)
                expect(response, .overloaded)
                #expect(response["Retry-After"] == "1")
            }
            try ozon.release(clientID)
            for connection in slow { #expect(try HTTPResponse(try connection.readToEnd()).status == 200) }
            #expect(try nginx.client.post(.download, Endpoint.download.goodBody).status == 200)
            #expect(process.child.isRunning)
        }

        @Test func `A request whose caller disconnects frees its place`() throws {
            let process = try EndpointProcess(.download, ["MAX_IN_FLIGHT": "1", "OZON_TIMEOUT": "60"])
            let clientID = newClientID()
            for streamed in [false, true] {
                var connection: FastCGIConnection? = try process.connect()
                let body = Array(downloadBody(["A-1"], clientID: clientID, key: "stall").utf8)
                let accept = streamed ? [("HTTP_ACCEPT", Optional("application/x-ndjson"))] : []
                try connection?.socket.send(FastCGIConnection.request(body, key: try sandbox().key, with: accept))
                try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == (streamed ? 2 : 1) }
                expect(try process.post(Endpoint.download.goodBody), .overloaded)
                connection = nil
                try eventually("a request is admitted again") {
                    try process.post(Endpoint.download.goodBody).status == 200
                }
            }
        }

        @Test(.alone) func `A request in flight keeps no more of its body than it needs`() throws {
            let process = try EndpointProcess(.download, ["OZON_TIMEOUT": "600"]).warmedUp()
            let articles = (0..<5000).map { "\($0)".padding(toLength: 200, withPad: "x", startingAt: 0) }
            // Smaller than the largest body, and without anything that is needed.
            let unknown = String(repeating: "y", count: 1_000_000)
            for (more, most) in [(["articles": articles], 2.5), (["x": unknown], 0.5)] as [([String: Any], Double)] {
                let clientID = newClientID()
                let body = Array(downloadBody(["A-1"], clientID: clientID, key: "stall", more).utf8)
                let before = process.child.statusLine("RssAnon") ?? 0
                var open: [FastCGIConnection] = []
                for _ in 0..<50 {
                    let connection = try process.connect()
                    try connection.socket.send(FastCGIConnection.request(body, key: try sandbox().key))
                    open.append(connection)
                }
                try eventually("all wait for Ozon", within: 30) {
                    try sandbox().calls(of: clientID).count == 50 * (more["x"] == nil ? 5 : 1)
                }
                let each = Double((process.child.statusLine("RssAnon") ?? .max) - before) * 1024 / 50
                #expect(each / Double(body.count) < most, "\(each / Double(body.count)) times the body")
                print("in flight, \(more.keys.first!): \(each / Double(body.count)) times the body")
            }
        }

        @Test(.alone)
        func `With bodies of 4 MiB, 256 requests are in flight and each takes at most 2.5 times its body`()
            throws
        {
            let r2 = try ScriptedServer(scripts: [[.stall]])
            let process = try EndpointProcess(.complete, ["R2_ENDPOINT_URL": r2.url])
            let etag = String(repeating: "a", count: 128)
            let parts = (1...10_000).map { ["part_number": $0, "etag": etag] as [String: Any] }
            let text = jsonText(["r2_path": "users/u/a", "upload_id": "x", "parts": parts])
            let large = Array(text.utf8) + [UInt8](repeating: 0x20, count: (4 << 20) - text.utf8.count)
            let small = Array(jsonText(["r2_path": "users/u/a", "upload_id": "x"]).utf8)
            var open: [FastCGIConnection] = []
            func send(_ body: [UInt8]) throws {
                open.append(try process.connect())
                try open.last!.socket.send(FastCGIConnection.request(body, key: try sandbox().key))
            }
            let before = process.child.statusLine("RssAnon") ?? 0
            for _ in 0..<16 { try send(large) }
            for _ in 16..<256 { try send(small) }
            // Any other request before that could take the place of one of these.
            try eventually("all are in flight", within: 20) { try process.status()["in flight"].int == 256 }
            expect(try process.connect().post("{}"), .overloaded)
            let each = Double((process.child.statusLine("RssAnon") ?? .max) - before) * 1024 / 16
            #expect(each / Double(4 << 20) < 2.5, "\(each / Double(4 << 20)) times the body")
            #expect(try process.messages("request").allSatisfy { $0["code"].string != "INTERNAL" })
            print("in flight, complete: \(each / Double(4 << 20)) times the body")
        }

        @Test(.alone) func `32 concurrent batches of long paths take at most 2.5 times the largest body each`() throws {
            let process = try EndpointProcess(.presignBatch)
            let name = String(repeating: "я", count: 480)
            let items = (0..<1000).map { ["r2_path": "users/u/\($0)/\(name)"] }
            let text = Array(jsonText(["items": items]).utf8)
            let body = text + [UInt8](repeating: 0x20, count: (4 << 20) - text.count)
            let before = process.child.statusLine("VmHWM") ?? 0
            let open = try (0..<32).map { _ in
                let connection = try process.connect()
                try connection.socket.send(FastCGIConnection.request(body, key: try sandbox().key))
                return connection
            }
            for connection in open { #expect(try connection.response().status == 200) }
            let each = Double((process.child.statusLine("VmHWM") ?? .max) - before) * 1024 / 32
            #expect(each / Double(body.count) < 2.5, "\(each / Double(body.count)) times the body")
            print("in flight, presigned-urls: \(each / Double(body.count)) times the body")
        }

        @Test func `A large response is complete, also on kept connections`() throws {
            let process = try EndpointProcess(.download)
            let body = downloadBody((1...5000).map { "A-\($0)" })
            let connection = try process.connect()
            for _ in 0..<3 {
                let response = try connection.post(body, keep: true)
                #expect(response.body.count > 700_000)
                #expect(response.json["data"]["items"].list.count == 5000)
            }
            let through = try sandbox().client.post(.download, body)
            #expect(through.json["data"]["items"].list.count == 5000)
        }
    }
}
