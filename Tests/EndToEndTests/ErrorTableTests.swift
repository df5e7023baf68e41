import TestSupport
import Testing

extension EndToEnd {
    /// The rows of the API reference's error table that do not depend on the endpoint.
    @Suite struct ErrorTable {
        @Test(arguments: Endpoint.allCases)
        func `Other methods are 405 with an Allow header`(_ endpoint: Endpoint) throws {
            for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD"] {
                let response = try sandbox().client.post(
                    endpoint, method == "GET" ? "" : endpoint.goodBody, method: method)
                #expect(response["Allow"] == "POST", "\(method)")
                if method == "HEAD" { #expect(response.status == 405) } else { expect(response, .methodNotAllowed) }
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `A missing, unknown, empty or repeated key is 401`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            let key = try sandbox().key
            let wrong = [
                [], ["X-API-Key: wrong"], ["X-API-Key:"], ["X-API-Key: \(key)x"], ["X-API-Key: \(key.dropLast())"],
                ["X-API-Key: \(key)", "X-API-Key: \(key)"], ["X-API-Key: \(key)", "X-API-Key: wrong"],
                ["X-API-Key: \(key),\(key)"], ["X-API-Key: \(key.uppercased())"], ["X_API_Key: \(key)"],
                ["Authorization: Bearer \(key)"],
            ]
            for headers in wrong {
                let response = try client.post(endpoint, endpoint.goodBody, without: ["X-API-Key"], with: headers)
                expect(response, .unauthorized, "\(headers)")
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `Each of several keys is accepted`(_ endpoint: Endpoint) throws {
            let process = try EndpointProcess(endpoint, ["API_KEYS": "old-key, new-key"])
            for key in ["old-key", "new-key"] {
                #expect(try process.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", key)]).status == 200)
            }
            expect(try process.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", "old-key, new-key")]), .unauthorized)
        }

        @Test(arguments: Endpoint.allCases)
        func `Other media types are 415`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            let others = [
                "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                "application/jsonx", "text/plain; application/json", "application/x-ndjson", "",
            ]
            for type in others {
                let response = try client.post(
                    endpoint, endpoint.goodBody, without: ["Content-Type"], with: ["Content-Type: \(type)"])
                expect(response, .unsupportedMediaType, type)
            }
            expect(try client.post(endpoint, endpoint.goodBody, without: ["Content-Type"]), .unsupportedMediaType)
            for type in ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=UTF-8"] {
                let response = try client.post(
                    endpoint, endpoint.goodBody, without: ["Content-Type"], with: ["Content-Type: \(type)"])
                #expect(response.status == 200, "\(type)")
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `A body over the limit is 413, by the endpoint and by nginx`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            func padded(_ size: Int) -> [UInt8] {
                let good = Array(endpoint.goodBody.utf8)
                return good + [UInt8](repeating: 0x20, count: size - good.count)
            }
            #expect(try client.post(endpoint, bytes: padded(endpoint.maxBody)).status == 200)
            expect(try client.post(endpoint, bytes: padded(endpoint.maxBody + 1)), .bodyTooLarge)
            expect(try client.post(endpoint, bytes: padded(6 << 20)), .bodyTooLarge)
            expect(try client.post(endpoint, bytes: padded(9 << 20)), .bodyTooLarge, "nginx's own limit")
        }

        @Test(arguments: Endpoint.allCases)
        func `Requests are checked in order: method, key, media type, size, body`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            let large = [UInt8](repeating: UInt8(ascii: "x"), count: endpoint.maxBody + 1)
            let plain = ["Content-Type: text/plain"]
            let none = ["Content-Type", "X-API-Key"]
            let key = ["X-API-Key: \(try sandbox().key)"]
            expect(
                try client.post(endpoint, bytes: large, method: "PUT", without: none, with: plain), .methodNotAllowed)
            expect(try client.post(endpoint, bytes: large, without: none, with: plain), .unauthorized)
            expect(try client.post(endpoint, bytes: large, without: none, with: plain + key), .unsupportedMediaType)
            expect(try client.post(endpoint, bytes: large), .bodyTooLarge)
            expect(try client.post(endpoint, bytes: [UInt8(ascii: "x")]), .validationFailed)
        }

        @Test(arguments: Endpoint.allCases)
        func `A successful response has the same headers as an error and its own request id`(_ endpoint: Endpoint)
            throws
        {
            let responses = try (0..<2).map { _ in try sandbox().client.post(endpoint, endpoint.goodBody) }
            for response in responses {
                #expect(response.status == 200)
                expectCommonHeaders(response)
                #expect(response["Retry-After"] == nil)
                #expect(response["Allow"] == nil)
            }
            #expect(responses[0]["X-Request-Id"] != responses[1]["X-Request-Id"])
        }

        @Test func `A request id with other characters or lengths is replaced`() throws {
            let process = try EndpointProcess(.presign)
            let body = Endpoint.presign.goodBody
            func id(for given: String?) throws -> String? {
                try process.post(body, with: [("REQUEST_ID", given)])["X-Request-Id"]
            }
            let long = String(repeating: "a", count: 64)
            #expect(try id(for: "ab-12") == "ab-12")
            #expect(try id(for: long) == long)
            for bad in [nil, "", long + "a", "a b", "a\r\nX-Evil: 1", "é", "a_b"] {
                #expect(try id(for: bad)?.wholeMatch(of: /[0-9a-f]{32}/) != nil, "\(bad ?? "none")")
            }
        }
    }
}
