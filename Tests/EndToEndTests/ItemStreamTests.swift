import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The response of ozon-download as application/x-ndjson.
    @Suite struct ItemStreams {
        private let accept = ["Accept: application/x-ndjson"]

        @Test func `The lines have the same content as the JSON response`() throws {
            let client = try sandbox().client
            let articles = (1...1500).map { "A-\($0)" } + ["nobody", "A-1"]
            let plain = try client.post(.download, downloadBody(articles))
            let response = try client.post(.download, downloadBody(articles), with: accept)
            #expect(response.status == 200)
            #expect(response["Content-Type"] == "application/x-ndjson")
            #expect(response["Cache-Control"] == "no-store")
            #expect(response["X-Content-Type-Options"] == "nosniff")
            #expect(response["X-Request-Id"]?.isEmpty == false)
            let lines = response.lines
            #expect(lines.count == articles.count + 2)
            #expect(lines[0].description == #"{"total_articles":1502,"type":"start"}"#)
            let last = lines[lines.count - 1]
            #expect(last.names == ["data", "success", "type"])
            #expect(last["type"].string == "done")
            #expect(last["success"].bool == true)
            for name in ["total_articles", "processed", "total_images", "success_images", "failed_images"] {
                #expect(last["data"][name].int == plain.json["data"][name].int, "\(name)")
            }
            #expect(!last["data"]["items"].exists)
            let items = lines.dropFirst().dropLast()
            #expect(items.map { $0["done"].int } == Array(1...articles.count))
            #expect(items.compactMap { $0["index"].int }.sorted() == Array(0..<articles.count))
            let whole = plain.json["data"]["items"]
            for line in items {
                let item = whole[line["index"].int ?? -1]
                for name in item.names { #expect(line[name].description == item[name].description) }
                #expect(line["type"].string == "item")
            }
        }

        @Test func `Without that Accept header the response is JSON`() throws {
            for accept in ["application/json", "*/*", "application/x-ndjson;q=0", "application/x-ndjsonx", "text/html"]
            {
                let response = try sandbox().client.post(.download, downloadBody(["A-1"]), with: ["Accept: \(accept)"])
                #expect(response["Content-Type"] == "application/json", "\(accept)")
            }
            let several = ["Accept: application/json, Application/X-NDJSON; q=0.9"]
            let response = try sandbox().client.post(.download, downloadBody(["A-1"]), with: several)
            #expect(response["Content-Type"] == "application/x-ndjson")
        }

        @Test func `An error before the first line keeps its status`() throws {
            let client = try sandbox().client
            expect(
                try client.post(.download, downloadBody(["A-1"], key: "invalid-key"), with: accept), .ozonUnauthorized)
            expect(try client.post(.download, downloadBody(["A-1"], key: "html-200"), with: accept), .ozonBadAnswer)
            expect(try client.post(.download, downloadBody([]), with: accept), .validationFailed)
            expect(
                try client.post(.download, downloadBody(["A-1"]), without: ["X-API-Key"], with: accept), .unauthorized)
        }

        @Test func `If no article is a valid number, the lines are still sent`() throws {
            let body = downloadBody(["x", "y"], ["field": "sku"])
            let lines = try sandbox().client.post(.download, body, with: accept).lines
            #expect(lines.map { $0["type"].string } == ["start", "item", "item", "done"])
        }

        @Test func `Lines reach the caller while other calls to Ozon are in flight`() throws {
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            let body = downloadBody((1...2000).map { "A-\($0)" }, clientID: clientID, key: "held@2")
            defer { try? ozon.release(clientID) }
            let nginx = try NginxInstance()
            let process = try nginx.start(.download, ["OZON_TIMEOUT": "600"])
            let connection = try nginx.client.open(.download, Array(body.utf8), with: accept)
            _ = try connection.read(until: #""done":900,"#)
            try eventually("both calls have arrived") { try ozon.calls(of: clientID).count == 2 }
            let statuses = try sandbox().calls(of: clientID).compactMap { $0["status"].int }
            #expect(statuses == [200], "one call has ended and the other has not")
            try ozon.release(clientID)
            let rest = String(decoding: try connection.readToEnd(), as: UTF8.self)
            #expect(rest.contains(#""done":2000,"#))
            #expect(rest.contains(#"{"type":"done","success":true"#))
            #expect(process.child.isRunning)
        }

        @Test func `A stream may presign more articles than a JSON response`() throws {
            let body = downloadBody((1...501).map { "A-\($0)" }, ["presign": true])
            let lines = try sandbox().client.post(.download, body, with: accept).lines
            #expect(lines.count == 503)
            #expect(lines[1]["uploads"].list.count == lines[1]["total_images"].int)
            #expect(lines[1]["uploads"][0]["upload_url"].string?.contains("X-Amz-Signature=") == true)
        }

        @Test func `Four callers that stop reading delay nobody, and get the rest when they continue`() throws {
            let nginx = try NginxInstance()
            let processes = [try nginx.start(.download), try nginx.start(.presign)]
            let body = Array(downloadBody((1...5000).map { "A-\($0)" }, ["presign": true]).utf8)
            let readers = try (0..<4).map { _ in
                try nginx.client.open(.download, body, with: accept, receiveBuffer: 4096)
            }
            for reader in readers { _ = try reader.read(atMost: 100) }
            for _ in 0..<20 {
                for endpoint in [Endpoint.download, .presign] {
                    var response: HTTPResponse?
                    let elapsed = try elapsedSeconds { response = try nginx.client.post(endpoint, endpoint.goodBody) }
                    #expect(response?.status == 200)
                    #expect(elapsed < 15)
                }
            }
            #expect(
                try processes[0].messages("request").allSatisfy { ($0["bytes"].int ?? 0) < 100_000 },
                "all requests are still waiting")
            for reader in readers {
                let text = String(decoding: try reader.readToEnd(), as: UTF8.self)
                #expect(text.contains(#""done":5000,"#))
                #expect(text.contains(#"{"type":"done","success":true"#))
            }
        }

        @Test(.alone, arguments: [false, true])
        func `The work ends soon after the caller's disconnection`(streamed: Bool) throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.download, ["OZON_TIMEOUT": "60"])
            let clientID = newClientID()
            let key = streamed ? "stall@2" : "stall"
            let articles = (1...(streamed ? 2000 : 1)).map { "A-\($0)" }
            var connection: SocketConnection? = try nginx.client.open(
                .download, Array(downloadBody(articles, clientID: clientID, key: key).utf8),
                with: streamed ? accept : [])
            if streamed { _ = try connection?.read(until: #""done":900,"#) }
            try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == (streamed ? 2 : 1) }
            #expect(try process.messages("request").isEmpty)
            connection = nil
            // A heartbeat, 5 s after the first line, would notice the disconnection too.
            let line = try eventually("the request ends", within: streamed ? 4 : 10) {
                try process.messages("request").first
            }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
            #expect(line["level"].string == "info")
            #expect(try sandbox().calls(of: clientID).count == (streamed ? 2 : 1), "nothing is retried")
        }
    }
}
