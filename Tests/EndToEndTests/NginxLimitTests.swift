import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// nginx/limits.conf, and a proxy in front of nginx that names the callers' addresses.
    @Suite struct NginxLimits {
        /// An nginx with the limits of nginx/limits.conf, that trusts this machine to name the caller's address.
        private func nginx(_ edits: [(file: String, text: String, new: String)]) throws -> NginxInstance {
            let zones = [
                "limit_req_zone $ozon_r2_no_limit zone=ozon_r2_key:1m rate=1r/s;",
                "limit_req_zone $ozon_r2_no_limit zone=ozon_r2_address:1m rate=1r/s;",
            ]
            let own = [
                (
                    "nginx.conf", "limit_conn_zone $ozon_r2_no_limit zone=ozon_r2_connections:1m;",
                    "include ozon-r2/limits.conf;"
                )
            ]
            return try NginxInstance(zones.map { ("nginx.conf", $0, "") } + own + edits) {
                try $0.write("etc/proxies", "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\n")
            }
        }

        @Test func `An IPv6 network of 64 bits counts as one caller, and each IPv4 address as one`() throws {
            let nginx = try nginx([
                ("ozon-r2/limits.conf", "zone=ozon_r2_address:10m rate=100r/s", "zone=ozon_r2_address:10m rate=1r/m"),
                ("ozon-r2/endpoint.conf", "zone=ozon_r2_address burst=200", "zone=ozon_r2_address burst=1"),
            ])
            func statuses(_ addresses: String...) throws -> [Int] {
                try addresses.map { address in
                    let response = try nginx.client.post(
                        .presign, Endpoint.presign.goodBody, with: ["X-Forwarded-For: \(address)"])
                    if response.status == 429 { expect(response, .rateLimited, address) }
                    return response.status
                }
            }
            #expect(
                try statuses("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2:0a0a::") == [502, 502, 429])
            #expect(try statuses("2001:db8:1:3::1", "2001:db8:1:1::1") == [502, 502])
            #expect(try statuses("2001:a0a::1", "2001:a0a::a0a", "2001:a0a::2", "2001:a0b::1") == [502, 502, 429, 502])
            #expect(try statuses("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2") == [502, 502, 429, 502])
            #expect(try statuses("::ffff:192.0.2.1", "::ffff:192.0.2.10", "::ffff:10.10.0.10") == [429, 502, 502])
        }

        @Test func `Simultaneous requests of one address are limited, and other addresses are served`() throws {
            let nginx = try nginx([("ozon-r2/endpoint.conf", "ozon_r2_connections 100", "ozon_r2_connections 1")])
            let process = try nginx.start(.download, ["OZON_TIMEOUT": "30"])
            let clientID = newClientID()
            let first = try nginx.client.open(
                .download, Array(downloadBody(["A-1"], clientID: clientID, key: "stall").utf8))
            try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == 1 }
            expect(try nginx.client.post(.download, "{"), .rateLimited)
            expect(try nginx.client.post(.download, "{", with: ["X-Forwarded-For: 192.0.2.7"]), .validationFailed)
            withExtendedLifetime(first) {}
            #expect(process.child.isRunning)
        }

        @Test func `The status is for this machine, not for callers that a trusted proxy names`() throws {
            let nginx = try nginx([])
            let process = try nginx.start(.presign)
            let path = "/ozon-r2/r2-presigned-url/ping"
            #expect(try http("GET", port: nginx.client.port, path).status == 200)
            let response = try http("GET", port: nginx.client.port, path, ["X-Forwarded-For: 192.0.2.1"])
            expect(response, ExpectedError(403, "FORBIDDEN", "Forbidden"))
            #expect(process.child.isRunning)
        }
    }
}
