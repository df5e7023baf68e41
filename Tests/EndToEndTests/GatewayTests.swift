import Foundation
import Testing

extension EndToEnd {
    /// What nginx answers by itself.
    @Suite struct Gateway {
        @Test(arguments: Endpoint.allCases)
        func `Without a handler nginx says BACKEND_UNAVAILABLE, and serves again once there is one`(
            _ endpoint: Endpoint
        ) throws {
            let stage = try Stage()
            expect(try stage.site.post(endpoint, endpoint.goodBody), .backendUnavailable, "never started")
            let handler = try stage.handler(endpoint)
            #expect(try stage.site.post(endpoint, endpoint.goodBody).status == 200)
            #expect(try handler.stop() == 0)
            expect(try stage.site.post(endpoint, endpoint.goodBody), .backendUnavailable, "stopped")
            let next = try stage.handler(endpoint)
            #expect(try stage.site.post(endpoint, endpoint.goodBody).status == 200)
            #expect(next.program.isRunning)
        }

        @Test func `A handler that takes too long is BACKEND_TIMEOUT`() throws {
            let stage = try Stage([
                ("ozon-r2/locations/ozon-download.conf", "fastcgi_read_timeout 3600s", "fastcgi_read_timeout 1s")
            ])
            let handler = try stage.handler(.download)
            expect(try stage.site.post(.download, downloadBody(["A-1"], key: "stall")), .backendTimeout)
            #expect(handler.program.isRunning)
        }

        @Test func `Over the limit of nginx is RATE_LIMITED, with CORS`() throws {
            let stage = try Stage([
                (
                    "nginx.conf", "limit_req_zone $ozon_r2_no_limit zone=ozon_r2_key:1m rate=1r/s;",
                    "limit_req_zone $http_x_api_key zone=ozon_r2_key:1m rate=1r/m;"
                ),
                ("ozon-r2/endpoint.conf", "zone=ozon_r2_key burst=200 nodelay", "zone=ozon_r2_key burst=1 nodelay"),
            ])
            let handler = try stage.handler(.presign)
            let answers = try (0..<4).map { _ in
                try stage.site.post(.presign, Endpoint.presign.goodBody, with: ["Origin: http://localhost:3000"])
            }
            #expect(answers.map(\.status) == [200, 200, 429, 429])
            expect(answers[3], .rateLimited)
            #expect(answers[3]["Access-Control-Allow-Origin"] == "http://localhost:3000")
            #expect(try handler.messages("request").count == 2)
        }

        @Test(arguments: Endpoint.allCases)
        func `A preflight is answered without a key, and reaches no handler`(_ endpoint: Endpoint) throws {
            let stage = try Stage()
            let site = stage.site
            let wire = try Wire(port: site.port)
            try wire.send(
                site.head(
                    endpoint.path, method: "OPTIONS",
                    [
                        "Origin: http://localhost:3000", "Access-Control-Request-Method: POST",
                        "Access-Control-Request-Headers: content-type,x-api-key",
                    ], length: nil))
            let answer = try HTTPAnswer(try wire.readToEnd())
            #expect(answer.status == 204)
            #expect(answer["Access-Control-Allow-Origin"] == "http://localhost:3000")
            #expect(answer["Access-Control-Allow-Methods"] == "POST")
            #expect(answer["Access-Control-Allow-Headers"] == "Content-Type, X-API-Key, Accept")
            #expect(answer["Access-Control-Max-Age"] == "7200")
            #expect(answer["Vary"] == "Origin")
        }

        @Test(arguments: Endpoint.allCases)
        func `Every answer to an allowed origin can be read, and none to a foreign one`(_ endpoint: Endpoint) throws {
            let stage = try Stage()
            let foreign = ["https://evil.example", "null", "http://localhost.evil.example", "http://evilocalhost"]
            let allowed = "http://localhost:3000"
            func check(_ origin: String, _ statuses: [Int], _ answers: [HTTPAnswer]) {
                #expect(answers.map(\.status) == statuses)
                for answer in answers {
                    let isAllowed = origin == allowed
                    let cors = answer.headers.filter { $0.name.hasPrefix("access-control-") }.map(\.name)
                    #expect(cors.isEmpty != isAllowed, "\(origin) \(answer.status)")
                    #expect(answer["Access-Control-Allow-Origin"] == (isAllowed ? origin : nil))
                    #expect(answer["Access-Control-Expose-Headers"] == (isAllowed ? "X-Request-Id, Retry-After" : nil))
                    #expect(answer["Vary"] == "Origin", "\(origin) \(answer.status)")
                }
            }
            for origin in foreign + [allowed] {
                check(origin, [502], [try stage.site.post(endpoint, endpoint.goodBody, with: ["Origin: \(origin)"])])
            }
            let handler = try stage.handler(endpoint)
            for origin in foreign + [allowed] {
                let headers = ["Origin: \(origin)"]
                let site = stage.site
                check(
                    origin, [200, 400, 401, 405, 413],
                    [
                        try site.post(endpoint, endpoint.goodBody, with: headers),
                        try site.post(endpoint, "{", with: headers),
                        try site.post(endpoint, "{", without: ["X-API-Key"], with: headers),
                        try site.post(endpoint, "", method: "GET", with: headers),
                        try site.post(endpoint, bytes: [UInt8](repeating: 0x20, count: 9 << 20), with: headers),
                    ])
            }
            #expect(handler.program.isRunning)
        }

        @Test func `Without the sandbox's origin none is allowed`() throws {
            let map = try String(contentsOfFile: "\(repository)/nginx/origins.conf", encoding: .utf8)
            let start = try #require(map.range(of: "map $http_origin $ozon_r2_origin {"))
            let end = try #require(map[start.upperBound...].range(of: "}"))
            let lines = map[start.upperBound..<end.lowerBound].split(separator: "\n")
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.hasPrefix("#") && !$0.isEmpty }
            #expect(lines == [#"default "";"#])
        }

        @Test func `A path that isn't an endpoint's is not answered by one`() throws {
            let site = try sandbox().site
            for path in ["/api/v1/r2/presigned-url/", "/api/v1/r2/presigned-urlx", "/api/v1/ozon", "/ozon-r2/x"] {
                let answer = try http("POST", port: site.port, path, try Site.headers(), body: Array("{}".utf8))
                #expect(answer.status == 404, "\(path)")
            }
        }

        @Test func `Headers and query of a client become none of the parameters that steer`() throws {
            let site = try sandbox().site
            let key = try sandbox().key
            let answer = try http(
                "POST", port: site.port, "\(Endpoint.presign.path)?R2_PREFIX=users/x/",
                [
                    "X-API-Key: \(key)", "Content-Type: application/json", "R2-Prefix: users/x/", "R2_PREFIX: users/x/",
                    "Request-Id: mine", "X-Request-Id: mine", "Proxy: http://127.0.0.1:1",
                ], body: Array(Endpoint.presign.goodBody.utf8))
            #expect(answer.status == 200)
            #expect(answer["X-Request-Id"] != "mine")
        }
    }
}
