import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Responses that come from nginx itself.
    @Suite struct NginxErrors {
        @Test(arguments: Endpoint.allCases)
        func `Without a process nginx responds with BACKEND_UNAVAILABLE until one starts`(
            _ endpoint: Endpoint
        ) throws {
            let nginx = try NginxInstance()
            expect(try nginx.client.post(endpoint, endpoint.goodBody), .backendUnavailable, "never started")
            let process = try nginx.start(endpoint)
            #expect(try nginx.client.post(endpoint, endpoint.goodBody).status == 200)
            #expect(try process.stop() == 0)
            expect(try nginx.client.post(endpoint, endpoint.goodBody), .backendUnavailable, "stopped")
            let next = try nginx.start(endpoint)
            #expect(try nginx.client.post(endpoint, endpoint.goodBody).status == 200)
            #expect(next.child.isRunning)
        }

        @Test func `A process that takes too long is BACKEND_TIMEOUT`() throws {
            let nginx = try NginxInstance([
                ("ozon-r2/locations/ozon-download.conf", "fastcgi_read_timeout 3600s", "fastcgi_read_timeout 1s")
            ])
            let process = try nginx.start(.download)
            expect(try nginx.client.post(.download, downloadBody(["A-1"], key: "stall")), .backendTimeout)
            #expect(process.child.isRunning)
        }

        @Test func `Requests over nginx's rate limit are RATE_LIMITED, with CORS headers`() throws {
            let nginx = try NginxInstance([
                (
                    "nginx.conf", "limit_req_zone $ozon_r2_no_limit zone=ozon_r2_key:1m rate=1r/s;",
                    "limit_req_zone $http_x_api_key zone=ozon_r2_key:1m rate=1r/m;"
                ),
                ("ozon-r2/endpoint.conf", "zone=ozon_r2_key burst=200 nodelay", "zone=ozon_r2_key burst=1 nodelay"),
            ])
            let process = try nginx.start(.presign)
            let responses = try (0..<4).map { _ in
                try nginx.client.post(.presign, Endpoint.presign.goodBody, with: ["Origin: http://localhost:3000"])
            }
            #expect(responses.map(\.status) == [200, 200, 429, 429])
            expect(responses[3], .rateLimited)
            #expect(responses[3]["Access-Control-Allow-Origin"] == "http://localhost:3000")
            #expect(try process.messages("request").count == 2)
        }

        @Test(arguments: Endpoint.allCases)
        func `A preflight request needs no key and no process`(_ endpoint: Endpoint) throws {
            let nginx = try NginxInstance()
            let client = nginx.client
            let connection = try SocketConnection(port: client.port)
            try connection.send(
                client.head(
                    endpoint.path, method: "OPTIONS",
                    [
                        "Origin: http://localhost:3000", "Access-Control-Request-Method: POST",
                        "Access-Control-Request-Headers: content-type,x-api-key",
                    ], length: nil))
            let response = try HTTPResponse(try connection.readToEnd())
            #expect(response.status == 204)
            #expect(response["Access-Control-Allow-Origin"] == "http://localhost:3000")
            #expect(response["Access-Control-Allow-Methods"] == "POST")
            #expect(response["Access-Control-Allow-Headers"] == "Content-Type, X-API-Key, Accept")
            #expect(response["Access-Control-Max-Age"] == "7200")
            #expect(response["Vary"] == "Origin")
        }

        @Test(arguments: Endpoint.allCases)
        func `Only allowed origins can read responses, including every error`(_ endpoint: Endpoint) throws {
            let nginx = try NginxInstance()
            let foreign = ["https://evil.example", "null", "http://localhost.evil.example", "http://evilocalhost"]
            let allowed = "http://localhost:3000"
            func check(_ origin: String, _ statuses: [Int], _ responses: [HTTPResponse]) {
                #expect(responses.map(\.status) == statuses)
                for response in responses {
                    let isAllowed = origin == allowed
                    let cors = response.headers.filter { $0.name.hasPrefix("access-control-") }.map(\.name)
                    #expect(cors.isEmpty != isAllowed, "\(origin) \(response.status)")
                    #expect(response["Access-Control-Allow-Origin"] == (isAllowed ? origin : nil))
                    #expect(
                        response["Access-Control-Expose-Headers"] == (isAllowed ? "X-Request-Id, Retry-After" : nil))
                    #expect(response["Vary"] == "Origin", "\(origin) \(response.status)")
                }
            }
            for origin in foreign + [allowed] {
                check(origin, [502], [try nginx.client.post(endpoint, endpoint.goodBody, with: ["Origin: \(origin)"])])
            }
            let process = try nginx.start(endpoint)
            for origin in foreign + [allowed] {
                let headers = ["Origin: \(origin)"]
                let client = nginx.client
                check(
                    origin, [200, 400, 401, 405, 413],
                    [
                        try client.post(endpoint, endpoint.goodBody, with: headers),
                        try client.post(endpoint, "{", with: headers),
                        try client.post(endpoint, "{", without: ["X-API-Key"], with: headers),
                        try client.post(endpoint, "", method: "GET", with: headers),
                        try client.post(endpoint, bytes: [UInt8](repeating: 0x20, count: 9 << 20), with: headers),
                    ])
            }
            #expect(process.child.isRunning)
        }

        @Test func `By default no origin is allowed`() throws {
            let map = try String(contentsOfFile: "\(repository)/nginx/maps.conf", encoding: .utf8)
            let start = try #require(map.range(of: "map $http_origin $ozon_r2_origin {"))
            let end = try #require(map[start.upperBound...].range(of: "}"))
            let lines = map[start.upperBound..<end.lowerBound].split(separator: "\n")
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.hasPrefix("#") && !$0.isEmpty }
            #expect(lines == [#"default "";"#, "include /etc/ozon-r2/origin[s];"])
        }

        @Test func `Other paths are 404`() throws {
            let client = try sandbox().client
            for path in [
                "/api/v1/r2/presigned-url/", "/api/v1/r2/presigned-urlx", "/api/v1/ozon", "/ozon-r2/x",
                "/ozon-r2/error",
            ] {
                let response = try http(
                    "POST", port: client.port, path, try NginxClient.headers(), body: Array("{}".utf8))
                expect(response, .notFound, path)
            }
        }

        @Test func `Headers and queries of a caller cannot set FastCGI parameters`() throws {
            let client = try sandbox().client
            let key = try sandbox().key
            let response = try http(
                "POST", port: client.port, "\(Endpoint.presign.path)?R2_PREFIX=users/x/",
                [
                    "X-API-Key: \(key)", "Content-Type: application/json", "R2-Prefix: users/x/", "R2_PREFIX: users/x/",
                    "Request-Id: mine", "X-Request-Id: mine", "Proxy: http://127.0.0.1:1",
                ], body: Array(Endpoint.presign.goodBody.utf8))
            #expect(response.status == 200)
            #expect(response["X-Request-Id"] != "mine")
        }
    }
}
