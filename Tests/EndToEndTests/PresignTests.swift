import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// r2-presigned-url: its fields and its response.
    @Suite struct Presign {
        private func post(_ members: [String: Any]) throws -> HTTPResponse {
            try sandbox().client.post(.presign, jsonText(members))
        }

        /// Sends a request with a valid path.
        private func options(_ members: [String: Any]) throws -> HTTPResponse {
            try post(members.merging(["r2_path": "users/u/a.jpg"]) { $1 })
        }

        private func query(_ response: HTTPResponse) -> [String: String] {
            let items = URLComponents(string: response.json["upload_url"].string ?? "")?.queryItems ?? []
            return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { "\($0) & \($1)" })
        }

        @Test func `The response has five members, and the URL six parameters`() throws {
            let response = try post(["r2_path": "users/u/ozon/1/a.jpg"])
            let json = response.json
            let settings = try sandbox().settings
            #expect(response.status == 200)
            #expect(json.names == ["expires_at", "headers", "method", "public_url", "upload_url"])
            #expect(json["method"].string == "PUT")
            #expect(json["headers"].names.isEmpty)
            #expect(json["public_url"].string == "\(settings["R2_PUBLIC_BASE"]!)/users/u/ozon/1/a.jpg")
            let start = "\(settings["R2_ENDPOINT_URL"]!)/\(settings["R2_BUCKET_NAME"]!)/users/u/ozon/1/a.jpg?"
            #expect(json["upload_url"].string?.hasPrefix(start) == true)
            let query = query(response)
            #expect(
                query.keys.sorted() == [
                    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature",
                    "X-Amz-SignedHeaders",
                ])
            #expect(query["X-Amz-Expires"] == "3600")
            #expect(query["X-Amz-SignedHeaders"] == "host")
            #expect(query["X-Amz-Credential"]?.hasSuffix("/auto/s3/aws4_request") == true)
            let day = DateFormatter()
            day.locale = Locale(identifier: "en_US_POSIX")
            day.timeZone = TimeZone(secondsFromGMT: 0)
            day.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
            let signed = try #require(day.date(from: query["X-Amz-Date"] ?? ""))
            let expires = try #require(ISO8601DateFormatter().date(from: json["expires_at"].string ?? ""))
            #expect(expires.timeIntervalSince(signed) == 3600)
            #expect(abs(signed.timeIntervalSinceNow) < 60)
        }

        @Test func `All invalid fields are listed, in their order`() throws {
            let response = try post([
                "if_none_match": "x", "content_length": -1, "content_type": "text/html", "expires_in": 0, "r2_path": 5,
            ])
            expect(response, .validationFailed)
            let types = "image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic"
            #expect(
                fieldErrors(response) == [
                    "r2_path: Must be a string", "expires_in: Must be between 1 and 604800",
                    "content_type: Must be one of \(types)", "content_length: Must be between 1 and 5368709120",
                    "if_none_match: Must be one of *",
                ])
            #expect(fieldErrors(try post([:])) == ["r2_path: Field required"])
            #expect(fieldErrors(try post(["r2_path": NSNull()])) == ["r2_path: Field required"])
        }

        @Test(arguments: ["expires_in", "content_length"])
        func `An integer may be a string of digits, but nothing else`(_ name: String) throws {
            for good: Any in [60, "60", 604_800, "604800", "0060"] {
                let response = try options([name: good])
                #expect(response.status == 200, "\(good)")
                if name == "expires_in" { #expect(query(response)["X-Amz-Expires"] == String(Int("\(good)")!)) }
            }
            for bad: Any in ["", " 60", "60 ", "+60", "-60", "6e1", "60.0", 60.5, true, [60], ["a": 1], "６０"] {
                #expect(fieldErrors(try options([name: bad])) == ["\(name): Must be an integer"], "\(bad)")
            }
            let client = try sandbox().client
            for bad in ["6e1", "60.0", "99999999999999999999", "\"99999999999999999999\""] {
                let response = try client.post(.presign, #"{"r2_path":"users/u/a.jpg","\#(name)":\#(bad)}"#)
                #expect(fieldErrors(response) == ["\(name): Must be an integer"], "\(bad)")
            }
        }

        @Test func `expires_in and content_length are limited`() throws {
            for bad in [0, -1, 604_801] {
                #expect(fieldErrors(try options(["expires_in": bad])) == ["expires_in: Must be between 1 and 604800"])
            }
            #expect(try options(["content_length": 5 << 30]).status == 200)
            #expect(try options(["content_length": 5 << 30 + 1]).status == 400)
            let process = try EndpointProcess(.presign, ["MAX_UPLOAD_BYTES": "1000"])
            let body = #"{"r2_path":"users/u/a.jpg","content_length":1001}"#
            #expect(fieldErrors(try process.post(body)) == ["content_length: Must be between 1 and 1000"])
        }

        @Test func `A null field counts as absent, and unknown fields are ignored`() throws {
            let response = try options([
                "expires_in": NSNull(), "content_type": NSNull(), "content_length": NSNull(), "if_none_match": NSNull(),
                "acl": "public-read", "": 1, "R2_PATH": "x",
            ])
            #expect(response.status == 200)
            #expect(query(response)["X-Amz-Expires"] == "3600")
            #expect(query(response)["X-Amz-SignedHeaders"] == "host")
        }

        @Test func `headers lists what must be sent, and content-length is only signed`() throws {
            let response = try options(["content_type": "image/png", "content_length": "5", "if_none_match": "*"])
            #expect(response.json["headers"].description == #"{"content-type":"image/png","if-none-match":"*"}"#)
            #expect(query(response)["X-Amz-SignedHeaders"] == "content-length;content-type;host;if-none-match")
        }

        @Test func `A path that a browser or a bucket would change is rejected`() throws {
            let bad = [
                "": "Must not be empty", "/users/a": "begins or ends with /", "users/a/": "begins or ends with /",
                "/": "begins or ends with /", "users//a": "contains an empty segment",
                "users/./a": "contains a . or .. segment", "users/../a": "contains a . or .. segment",
                "users/a/..": "contains a . or .. segment", "users/a\\b": "contains a backslash",
                "users/a\u{0}b": "contains a control character", "users/a\u{7F}": "contains a control character",
                "users/a\u{85}": "contains a control character",
                "users/" + String(repeating: "a", count: 1019): "is longer than 1024 bytes",
                // Swift's string comparisons, which compare graphemes, would not find these.
                "users/a/../\u{301}b": "contains a . or .. segment", "users/a\r\nb": "contains a control character",
                "users/a/\u{301}/../b": "contains a . or .. segment",
                "users/..\u{200D}/../b": "contains a . or .. segment",
            ]
            for (path, reason) in bad {
                let expected = path.isEmpty ? "r2_path: \(reason)" : "r2_path: Invalid path: \(reason)"
                #expect(fieldErrors(try post(["r2_path": path])) == [expected], "\(path.debugDescription)")
            }
            for good in ["users/" + String(repeating: "a", count: 1018), "users/..a", "users/.../a", "users/\u{301}x"] {
                #expect(try post(["r2_path": good]).status == 200, "\(good)")
            }
        }

        @Test func `A path is normalized to NFC`() throws {
            for path in ["users/e\u{301}.jpg", "users/\u{E9}.jpg"] {
                let response = try post(["r2_path": path])
                #expect(response.json["public_url"].string?.hasSuffix("/users/%C3%A9.jpg") == true)
                #expect(response.json["upload_url"].string?.contains("/users/%C3%A9.jpg?") == true)
            }
        }

        @Test func `A path must be below an allowed prefix, at a segment boundary`() throws {
            for path in ["users", "usersx/a", "Users/a", "other/a", "users\u{301}/a", "ｕsers/a", "a/users/b"] {
                expect(try post(["r2_path": path]), .pathNotAllowed, path)
            }
            let two = try EndpointProcess(.presign, ["R2_ALLOWED_PREFIXES": "a/b, c/"])
            func status(_ process: EndpointProcess, _ path: String) throws -> Int {
                try process.post(jsonText(["r2_path": path])).status
            }
            let paths = ["a/b/c", "c/d", "a/bc", "a/b", "cc/d", "users/a"]
            #expect(try paths.map { try status(two, $0) } == [200, 200, 403, 403, 403, 403])
            let any = try EndpointProcess(.presign, ["R2_ALLOWED_PREFIXES": ""])
            #expect(try paths.map { try status(any, $0) } == paths.map { _ in 200 })
        }

        @Test func `nginx can restrict the prefixes, and an empty restriction allows nothing`() throws {
            let nginx = try NginxInstance([
                (
                    "ozon-r2/locations/r2-presigned-url.conf", "fastcgi_pass",
                    "fastcgi_param R2_PREFIX users/$arg_session/;\n    fastcgi_pass"
                )
            ])
            let process = try nginx.start(.presign)
            func status(_ path: String, _ session: String) throws -> Int {
                try http(
                    "POST", port: nginx.client.port, "\(Endpoint.presign.path)?session=\(session)",
                    try NginxClient.headers(),
                    body: Array(jsonText(["r2_path": path]).utf8)
                ).status
            }
            #expect(try status("users/one/a", "one") == 200)
            #expect(try status("users/two/a", "one") == 403)
            #expect(try status("users/onex/a", "one") == 403)
            #expect(try status("users/one/a", "") == 403)
            let body = Endpoint.presign.goodBody
            for (prefix, expected) in [("", 403), ("/", 403), ("users", 200), ("users/u", 200), ("other/", 403)] {
                #expect(try process.post(body, with: [("R2_PREFIX", prefix)]).status == expected, "\(prefix)")
            }
        }

        @Test func `The allowed types are a setting, and a type can be required`() throws {
            let process = try EndpointProcess(
                .presign, ["R2_ALLOWED_TYPES": "image/png,text/x", "R2_REQUIRE_TYPE": "true"])
            func fieldErrorsOf(_ type: String?) throws -> [String] {
                fieldErrors(
                    try process.post(jsonText(["r2_path": "users/u/a", "content_type": type as Any? ?? NSNull()])))
            }
            #expect(try fieldErrorsOf("image/png").isEmpty)
            #expect(try fieldErrorsOf("text/x").isEmpty)
            #expect(try fieldErrorsOf(nil) == ["content_type: Field required"])
            let rejected = ["content_type: Must be one of image/png, text/x"]
            for type in [
                "image/jpeg", "image /png", "image/png\r\nx: y", "image/png, image/jpeg", "text/xy", "png", "",
            ] {
                #expect(try fieldErrorsOf(type) == rejected, "\(type)")
            }
            for type in ["IMAGE/PNG", "image/png; charset=x", "image/x-png", " image/png", "image/png;\r\nx: y"] {
                let response = try process.post(jsonText(["r2_path": "users/u/a", "content_type": type]))
                #expect(response.json["headers"].description == #"{"content-type":"image/png"}"#, "\(type)")
            }
        }
    }
}
