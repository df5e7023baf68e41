import Foundation
import Testing

extension EndToEnd {
    /// ozon-download told line by line.
    @Suite struct LineByLine {
        private let accept = ["Accept: application/x-ndjson"]

        @Test func `The lines tell what the plain answer tells`() throws {
            let site = try sandbox().site
            let articles = (1...1500).map { "A-\($0)" } + ["nobody", "A-1"]
            let plain = try site.post(.download, downloadBody(articles))
            let answer = try site.post(.download, downloadBody(articles), with: accept)
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/x-ndjson")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(answer["X-Content-Type-Options"] == "nosniff")
            #expect(answer["X-Request-Id"]?.isEmpty == false)
            let lines = answer.lines
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

        @Test func `Without that Accept the answer is one JSON text`() throws {
            for accept in ["application/json", "*/*", "application/x-ndjson;q=0", "application/x-ndjsonx", "text/html"]
            {
                let answer = try sandbox().site.post(.download, downloadBody(["A-1"]), with: ["Accept: \(accept)"])
                #expect(answer["Content-Type"] == "application/json", "\(accept)")
            }
            let several = ["Accept: application/json, Application/X-NDJSON; q=0.9"]
            let answer = try sandbox().site.post(.download, downloadBody(["A-1"]), with: several)
            #expect(answer["Content-Type"] == "application/x-ndjson")
        }

        @Test func `An error before the first answer keeps its status`() throws {
            let site = try sandbox().site
            expect(try site.post(.download, downloadBody(["A-1"], key: "invalid-key"), with: accept), .ozonUnauthorized)
            expect(try site.post(.download, downloadBody(["A-1"], key: "html-200"), with: accept), .ozonBadAnswer)
            expect(try site.post(.download, downloadBody([]), with: accept), .validationFailed)
            expect(
                try site.post(.download, downloadBody(["A-1"]), without: ["X-API-Key"], with: accept), .unauthorized)
        }

        @Test func `With numbers none of which can be one, the lines still come`() throws {
            let body = downloadBody(["x", "y"], ["field": "sku"])
            let lines = try sandbox().site.post(.download, body, with: accept).lines
            #expect(lines.map { $0["type"].string } == ["start", "item", "item", "done"])
        }

        @Test func `Lines reach the browser while Ozon still works on the rest`() throws {
            let client = nextClient()
            let body = downloadBody((1...2000).map { "A-\($0)" }, client: client, key: "slow-1500ms@2")
            let wire = try sandbox().site.open(.download, Array(body.utf8), with: accept)
            _ = try wire.read(until: #""done":900,"#)
            let statuses = try sandbox().calls(of: client).map { $0["status"].int }
            #expect(statuses.compactMap { $0 } == [200], "one call answered, the other still open: \(statuses)")
            #expect(statuses.count == 2)
            let rest = String(decoding: try wire.readToEnd(), as: UTF8.self)
            #expect(rest.contains(#""done":2000,"#))
            #expect(rest.contains(#"{"type":"done","success":true"#))
        }

        @Test func `More articles than one answer may presign can be streamed`() throws {
            let body = downloadBody((1...501).map { "A-\($0)" }, ["presign": true])
            let lines = try sandbox().site.post(.download, body, with: accept).lines
            #expect(lines.count == 503)
            #expect(lines[1]["uploads"].list.count == lines[1]["total_images"].int)
            #expect(lines[1]["uploads"][0]["upload_url"].string?.contains("X-Amz-Signature=") == true)
        }

        @Test func `Four readers that stop reading hold up nobody, and get the rest when they go on`() throws {
            let stage = try Stage()
            let handlers = [try stage.handler(.download), try stage.handler(.presign)]
            let body = Array(downloadBody((1...5000).map { "A-\($0)" }, ["presign": true]).utf8)
            let readers = try (0..<4).map { _ in
                try stage.site.open(.download, body, with: accept, receiveBuffer: 4096)
            }
            for reader in readers { _ = try reader.read(atMost: 100) }
            for _ in 0..<20 {
                for endpoint in [Endpoint.download, .presign] {
                    var answer: HTTPAnswer?
                    let passed = try seconds { answer = try stage.site.post(endpoint, endpoint.goodBody) }
                    #expect(answer?.status == 200)
                    #expect(passed < 1)
                }
            }
            #expect(
                try handlers[0].messages("request").allSatisfy { ($0["bytes"].int ?? 0) < 100_000 }, "all still wait")
            for reader in readers {
                let text = String(decoding: try reader.readToEnd(), as: UTF8.self)
                #expect(text.contains(#""done":5000,"#))
                #expect(text.contains(#"{"type":"done","success":true"#))
            }
        }

        @Test(arguments: [false, true])
        func `When the browser goes away the work ends within a second`(streamed: Bool) throws {
            let stage = try Stage()
            let handler = try stage.handler(.download, ["OZON_TIMEOUT": "60"])
            let client = nextClient()
            let key = streamed ? "stall@2" : "stall"
            let articles = (1...(streamed ? 2000 : 1)).map { "A-\($0)" }
            var wire: Wire? = try stage.site.open(
                .download, Array(downloadBody(articles, client: client, key: key).utf8), with: streamed ? accept : [])
            if streamed { _ = try wire?.read(until: #""done":900,"#) }
            try eventually("Ozon is asked") { try sandbox().calls(of: client).count == (streamed ? 2 : 1) }
            #expect(try handler.messages("request").isEmpty)
            wire = nil
            let line = try eventually("the request ends", within: 1) { try handler.messages("request").first }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
            #expect(line["level"].string == "info")
            #expect(try sandbox().calls(of: client).count == (streamed ? 2 : 1), "nothing is asked again")
        }
    }
}
