import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// nginx/front.conf: an nginx in front of two machines, each with its nginx and its processes.
    @Suite struct SeveralMachines {
        private struct Front {
            let machines: [NginxInstance]
            let processes: [EndpointProcess]
            let client: NginxClient
            private let front: NginxInstance

            init() throws {
                let machines = [try NginxInstance(), try NginxInstance()]
                processes = try machines.flatMap {
                    [try $0.start(.presign), try $0.start(.download, ["OZON_TIMEOUT": "30"])]
                }
                let upstream = machines.map { "server 127.0.0.1:\($0.client.port);" }.joined(separator: " ")
                front = try NginxInstance([
                    ("nginx.conf", "include ozon-r2/upstreams.conf;", "upstream ozon-r2 { \(upstream) keepalive 32; }"),
                    ("nginx.conf", "include ozon-r2/locations/*.conf;", "include ozon-r2/front.conf;"),
                    ("ozon-r2/front.conf", "https://ozon-r2", "http://ozon-r2"),
                ])
                self.machines = machines
                client = front.client
            }
        }

        @Test func `Both machines serve requests, and a stopped one is skipped`() throws {
            let front = try Front()
            for _ in 0..<20 { #expect(try front.client.post(.presign, Endpoint.presign.goodBody).status == 200) }
            for process in [front.processes[0], front.processes[2]] {
                #expect(try process.messages("request").isEmpty == false)
            }
            try front.machines[0].stop()
            for _ in 0..<20 { #expect(try front.client.post(.presign, Endpoint.presign.goodBody).status == 200) }
            try front.machines[1].stop()
            expect(try front.client.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
        }

        @Test func `Errors, large bodies and CORS headers pass unchanged`() throws {
            let front = try Front()
            expect(try front.client.post(.presign, "{}", without: ["X-API-Key"]), .unauthorized)
            let large = #"{"articles": "\#(String(repeating: "a", count: 2 << 20))"}"#
            expect(try front.client.post(.download, large), .bodyTooLarge)
            let response = try front.client.post(
                .presign, Endpoint.presign.goodBody, with: ["Origin: http://localhost:3000"])
            #expect(response["Access-Control-Allow-Origin"] == "http://localhost:3000")
        }

        @Test func `Lines reach the caller while other calls to Ozon are in flight`() throws {
            let front = try Front()
            let clientID = newClientID()
            let body = downloadBody((1...2000).map { "A-\($0)" }, clientID: clientID, key: "slow-4s@2")
            let connection = try front.client.open(.download, Array(body.utf8), with: ["Accept: application/x-ndjson"])
            _ = try connection.read(until: #""done":900,"#)
            #expect(
                try sandbox().calls(of: clientID).compactMap { $0["status"].int } == [200],
                "the other call has not ended")
            #expect(String(decoding: try connection.readToEnd(), as: UTF8.self).contains(#""done":2000,"#))
        }

        @Test(.alone) func `The work ends within a second of the caller's disconnection`() throws {
            let front = try Front()
            let clientID = newClientID()
            var connection: SocketConnection? = try front.client.open(
                .download, Array(downloadBody(["A-1"], clientID: clientID, key: "stall").utf8))
            try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == 1 }
            withExtendedLifetime(connection) {}
            connection = nil
            let downloads = [front.processes[1], front.processes[3]]
            let line = try eventually("the request ends", within: 1) {
                try downloads.flatMap { try $0.messages("request") }.first
            }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
        }
    }
}
