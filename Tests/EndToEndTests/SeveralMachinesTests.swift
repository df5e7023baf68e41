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

            /// - Parameters:
            ///   - name: the name in the machines' certificates.
            ///   - isTrusted: whether the authority that signed them is the one that the front trusts.
            init(certificateName name: String = "DNS:ozon-r2", isTrusted: Bool = true) throws {
                let authority = try CertificateAuthority()
                let certificate = try authority.certificate(name)
                let trusted = try isTrusted ? authority : CertificateAuthority()
                let ports = [try closedPort(), try closedPort()]
                let machines = try ports.map { port in
                    let listener = """
                        listen 127.0.0.1:\(port) ssl;
                        ssl_certificate \(certificate.file);
                        ssl_certificate_key \(certificate.key);
                        include ozon-r2/errors.conf;
                        """
                    return try NginxInstance([("nginx.conf", "include ozon-r2/errors.conf;", listener)])
                }
                processes = try machines.flatMap {
                    [try $0.start(.presign), try $0.start(.download, ["OZON_TIMEOUT": "600"])]
                }
                let upstream = ports.map { "server 127.0.0.1:\($0);" }.joined(separator: " ")
                front = try NginxInstance([
                    ("nginx.conf", "include ozon-r2/upstreams.conf;", "upstream ozon-r2 { \(upstream) keepalive 32; }"),
                    ("nginx.conf", "include ozon-r2/locations/*.conf;", "include ozon-r2/front.conf;"),
                ]) {
                    try FileManager.default.copyItem(atPath: trusted.file, toPath: $0.file("etc/machines-ca.pem"))
                }
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

        @Test(arguments: [("DNS:ozon-r2", false), ("DNS:your-backend.com", true)])
        func `A machine whose certificate is another authority's, or has another name, gets no request`(
            _ name: String, _ isTrusted: Bool
        ) throws {
            let front = try Front(certificateName: name, isTrusted: isTrusted)
            expect(try front.client.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
            for process in front.processes { #expect(try process.messages("request").isEmpty) }
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
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            let body = downloadBody((1...2000).map { "A-\($0)" }, clientID: clientID, key: "held@2")
            defer { try? ozon.release(clientID) }
            let connection = try front.client.open(.download, Array(body.utf8), with: ["Accept: application/x-ndjson"])
            _ = try connection.read(until: #""done":900,"#)
            #expect(
                try sandbox().calls(of: clientID).compactMap { $0["status"].int } == [200],
                "the other call has not ended")
            try ozon.release(clientID)
            #expect(String(decoding: try connection.readToEnd(), as: UTF8.self).contains(#""done":2000,"#))
        }

        @Test(.alone) func `The work ends soon after the caller's disconnection`() throws {
            let front = try Front()
            let clientID = newClientID()
            var connection: SocketConnection? = try front.client.open(
                .download, Array(downloadBody(["A-1"], clientID: clientID, key: "stall").utf8))
            try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == 1 }
            withExtendedLifetime(connection) {}
            connection = nil
            let downloads = [front.processes[1], front.processes[3]]
            let line = try eventually("the request ends", within: 8) {
                try downloads.flatMap { try $0.messages("request") }.first
            }
            #expect(line["outcome"].string == "CLIENT_WENT_AWAY")
        }
    }
}
