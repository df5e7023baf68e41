import Testing

extension EndToEnd {
    /// The rows of the contract's error table that are known before an endpoint begins its work.
    @Suite struct ErrorTable {
        @Test(arguments: Endpoint.allCases)
        func `Any other method is 405 and told which one is allowed`(_ endpoint: Endpoint) throws {
            for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD"] {
                let answer = try sandbox().site.post(endpoint, method == "GET" ? "" : endpoint.goodBody, method: method)
                #expect(answer["Allow"] == "POST", "\(method)")
                if method == "HEAD" { #expect(answer.status == 405) } else { expect(answer, .methodNotAllowed) }
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `A missing, unknown, empty or repeated key is 401`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            let key = try sandbox().key
            let wrong = [
                [], ["X-API-Key: wrong"], ["X-API-Key:"], ["X-API-Key: \(key)x"], ["X-API-Key: \(key.dropLast())"],
                ["X-API-Key: \(key)", "X-API-Key: \(key)"], ["X-API-Key: \(key)", "X-API-Key: wrong"],
                ["X-API-Key: \(key),\(key)"], ["X-API-Key: \(key.uppercased())"], ["X_API_Key: \(key)"],
                ["Authorization: Bearer \(key)"],
            ]
            for headers in wrong {
                let answer = try site.post(endpoint, endpoint.goodBody, without: ["X-API-Key"], with: headers)
                expect(answer, .unauthorized, "\(headers)")
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `Every one of several keys is good`(_ endpoint: Endpoint) throws {
            let handler = try Handler(endpoint, ["API_KEYS": "old-key, new-key"])
            for key in ["old-key", "new-key"] {
                #expect(try handler.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", key)]).status == 200)
            }
            expect(try handler.post(endpoint.goodBody, with: [("HTTP_X_API_KEY", "old-key, new-key")]), .unauthorized)
        }

        @Test(arguments: Endpoint.allCases)
        func `Any other media type is 415`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            let others = [
                "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                "application/jsonx", "text/plain; application/json", "application/x-ndjson", "",
            ]
            for type in others {
                let answer = try site.post(
                    endpoint, endpoint.goodBody, without: ["Content-Type"], with: ["Content-Type: \(type)"])
                expect(answer, .unsupportedMediaType, type)
            }
            expect(try site.post(endpoint, endpoint.goodBody, without: ["Content-Type"]), .unsupportedMediaType)
            for type in ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=UTF-8"] {
                let answer = try site.post(
                    endpoint, endpoint.goodBody, without: ["Content-Type"], with: ["Content-Type: \(type)"])
                #expect(answer.status == 200, "\(type)")
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `A body over the limit is 413, by the endpoint and by nginx`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            func padded(_ size: Int) -> [UInt8] {
                let good = Array(endpoint.goodBody.utf8)
                return good + [UInt8](repeating: 0x20, count: size - good.count)
            }
            #expect(try site.post(endpoint, bytes: padded(endpoint.maxBody)).status == 200)
            expect(try site.post(endpoint, bytes: padded(endpoint.maxBody + 1)), .bodyTooLarge)
            expect(try site.post(endpoint, bytes: padded(6 << 20)), .bodyTooLarge)
            expect(try site.post(endpoint, bytes: padded(9 << 20)), .bodyTooLarge, "nginx's own")
        }

        @Test(arguments: Endpoint.allCases)
        func `Checks come in order: method, key, media type, size, body`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            let large = [UInt8](repeating: UInt8(ascii: "x"), count: endpoint.maxBody + 1)
            let plain = ["Content-Type: text/plain"]
            let none = ["Content-Type", "X-API-Key"]
            let key = ["X-API-Key: \(try sandbox().key)"]
            expect(
                try site.post(endpoint, bytes: large, method: "PUT", without: none, with: plain), .methodNotAllowed)
            expect(try site.post(endpoint, bytes: large, without: none, with: plain), .unauthorized)
            expect(try site.post(endpoint, bytes: large, without: none, with: plain + key), .unsupportedMediaType)
            expect(try site.post(endpoint, bytes: large), .bodyTooLarge)
            expect(try site.post(endpoint, bytes: [UInt8(ascii: "x")]), .validationFailed)
        }

        @Test(arguments: Endpoint.allCases)
        func `A good answer has the same headers as a failure, and an id of its own`(_ endpoint: Endpoint) throws {
            let answers = try (0..<2).map { _ in try sandbox().site.post(endpoint, endpoint.goodBody) }
            for answer in answers {
                #expect(answer.status == 200)
                expectUsualHeaders(answer)
                #expect(answer["Retry-After"] == nil)
                #expect(answer["Allow"] == nil)
            }
            #expect(answers[0]["X-Request-Id"] != answers[1]["X-Request-Id"])
        }

        @Test func `A request id that isn't plain is replaced`() throws {
            let handler = try Handler(.presign)
            let body = Endpoint.presign.goodBody
            func id(for given: String?) throws -> String? {
                try handler.post(body, with: [("REQUEST_ID", given)])["X-Request-Id"]
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
