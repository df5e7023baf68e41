import Foundation
import Testing

extension EndToEnd {
    /// nginx/front.conf: an nginx in front of two machines, each with its nginx and its handlers.
    @Suite struct SeveralMachines {
        private struct Front {
            let machines: [Stage]
            let handlers: [Handler]
            let site: Site
            private let front: Stage

            init() throws {
                let machines = [try Stage(), try Stage()]
                handlers = try machines.flatMap { [try $0.handler(.presign), try $0.handler(.download)] }
                let upstream = machines.map { "server 127.0.0.1:\($0.site.port);" }.joined(separator: " ")
                front = try Stage([
                    ("nginx.conf", "include ozon-r2/upstreams.conf;", "upstream ozon-r2 { \(upstream) keepalive 32; }"),
                    ("nginx.conf", "include ozon-r2/locations/*.conf;", "include ozon-r2/front.conf;"),
                    ("ozon-r2/front.conf", "https://ozon-r2", "http://ozon-r2"),
                ])
                self.machines = machines
                site = front.site
            }
        }

        @Test func `Both machines answer, and one that is gone is passed over`() throws {
            let front = try Front()
            for _ in 0..<20 { #expect(try front.site.post(.presign, Endpoint.presign.goodBody).status == 200) }
            for handler in [front.handlers[0], front.handlers[2]] {
                #expect(try handler.messages("request").isEmpty == false)
            }
            try front.machines[0].stop()
            for _ in 0..<20 { #expect(try front.site.post(.presign, Endpoint.presign.goodBody).status == 200) }
            try front.machines[1].stop()
            expect(try front.site.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
        }

        @Test func `Errors of a machine pass as they are, and a large body and CORS too`() throws {
            let front = try Front()
            expect(try front.site.post(.presign, "{}", without: ["X-API-Key"]), .unauthorized)
            let large = #"{"articles": "\#(String(repeating: "a", count: 2 << 20))"}"#
            expect(try front.site.post(.download, large), .bodyTooLarge)
            let answer = try front.site.post(
                .presign, Endpoint.presign.goodBody, with: ["Origin: http://localhost:3000"])
            #expect(answer["Access-Control-Allow-Origin"] == "http://localhost:3000")
        }

        @Test func `Lines reach the browser while Ozon still works on the rest`() throws {
            let front = try Front()
            let client = nextClient()
            let body = downloadBody((1...2000).map { "A-\($0)" }, client: client, key: "slow-1500ms@2")
            let wire = try front.site.open(.download, Array(body.utf8), with: ["Accept: application/x-ndjson"])
            _ = try wire.read(until: #""done":900,"#)
            #expect(try sandbox().calls(of: client).compactMap { $0["status"].int } == [200], "the other is still open")
            #expect(String(decoding: try wire.readToEnd(), as: UTF8.self).contains(#""done":2000,"#))
        }

        @Test func `When the browser goes away the work ends within a second`() throws {
            let front = try Front()
            let client = nextClient()
            var wire: Wire? = try front.site.open(
                .download, Array(downloadBody(["A-1"], client: client, key: "stall").utf8))
            try eventually("Ozon is asked") { try sandbox().calls(of: client).count == 1 }
            withExtendedLifetime(wire) {}
            wire = nil
            let downloads = [front.handlers[1], front.handlers[3]]
            let line = try eventually("the request ends", within: 1) {
                try downloads.flatMap { try $0.messages("request") }.first
            }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
        }
    }
}
