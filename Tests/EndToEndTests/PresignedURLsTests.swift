import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// r2-presigned-urls, which signs many uploads in one call.
    @Suite struct PresignedURLs {
        private func post(_ items: [Any], with lines: [String] = []) throws -> HTTPResponse {
            try sandbox().client.post(.presignBatch, jsonText(["items": items]), with: lines)
        }

        private func item(_ path: String, _ options: [String: Any] = [:]) -> [String: Any] {
            options.merging(["r2_path": path]) { $1 }
        }

        @Test func `Up to a thousand URLs are returned in the requested order, and each is usable`() throws {
            for count in [1, 2, 1000] {
                let paths = (0..<count).map { "users/u/batch/\(count)/фото \($0 * 7919 % count)-\($0).jpg" }
                let response = try post(paths.map { item($0, ["content_type": "image/jpeg"]) })
                #expect(response.status == 200)
                expectCommonHeaders(response)
                #expect(response.json.names == ["data", "success"])
                #expect(response.json["success"].bool == true)
                let data = response.json["data"]
                #expect(data.names == ["expires_at", "items"])
                #expect(data["items"].list.map { $0["r2_path"].string } == paths)
                for index in Set([0, count / 2, count - 1]) {
                    let signed = data["items"][index]
                    #expect(signed.names == ["headers", "method", "public_url", "r2_path", "upload_url"])
                    #expect(signed["method"].string == "PUT")
                    #expect(signed["headers"].description == #"{"content-type":"image/jpeg"}"#)
                    let body = Array("number \(index) of \(count)".utf8)
                    let stored = try send("PUT", signed["upload_url"].string!, ["content-type: image/jpeg"], body)
                    #expect(stored.status == 200, "\(stored.text)")
                    #expect(try send("GET", signed["public_url"].string!).body == body)
                }
                let signatures = data["items"].list.compactMap { $0["upload_url"].string?.suffix(64) }
                #expect(Set(signatures).count == count)
            }
        }

        @Test func `An item is the same as r2-presigned-url's response`() throws {
            let options: [[String: Any]] = [
                [:], ["content_type": "image/png"], ["content_length": "7"], ["if_none_match": "*"],
                ["expires_in": 60, "content_type": "image/webp", "content_length": 1, "if_none_match": "*"],
            ]
            func timeless(_ text: String?) -> String? {
                text?.replacing(/X-Amz-(Date|Signature)=\w+/, with: "")
            }
            let items = options.enumerated().map { item("users/u/(a+b) \($0)=é&.jpg", $1) }
            let many = try post(items).json["data"]["items"].list
            #expect(many.count == items.count)
            for (single, signed) in zip(items, many) {
                let one = try sandbox().client.post(.presign, jsonText(single)).json
                #expect(timeless(one["upload_url"].string) == timeless(signed["upload_url"].string))
                for name in ["public_url", "method", "headers"] {
                    #expect(one[name].description == signed[name].description)
                }
            }
        }

        @Test func `expires_at is the earliest of all items`() throws {
            let response = try post([
                item("users/a", ["expires_in": 7200]), item("users/b", ["expires_in": 60]), item("users/c"),
            ])
            let expires = try #require(
                ISO8601DateFormatter().date(from: response.json["data"]["expires_at"].string ?? ""))
            #expect(abs(expires.timeIntervalSinceNow - 60) < 10)
        }

        @Test func `An empty or too long list, and anything but a list of objects, is rejected`() throws {
            let client = try sandbox().client
            func fieldErrorsOf(_ text: String) throws -> [String] { fieldErrors(try client.post(.presignBatch, text)) }
            #expect(try fieldErrorsOf("{}") == ["items: Field required"])
            #expect(try fieldErrorsOf(#"{"items":null}"#) == ["items: Field required"])
            #expect(try fieldErrorsOf(#"{"items":{}}"#) == ["items: Must be an array"])
            #expect(try fieldErrorsOf(#"{"items":[]}"#) == ["items: Must not be empty"])
            #expect(fieldErrors(try post((0...1000).map { item("users/\($0)") })) == ["items: Exceeds limit (1000)"])
            let mixed = #"{"items":[{"r2_path":"users/a"},"users/b",null,[],{"r2_path":"users/c"}]}"#
            #expect(try fieldErrorsOf(mixed) == (1...3).map { "items[\($0)]: Must be an object" })
        }

        @Test func `Every error of every item is listed, and nothing is signed`() throws {
            let response = try post([
                item("users/good"), item("users//a", ["expires_in": 0]), [:] as [String: Any],
                item("users/b", ["content_type": "text/html", "content_length": -1, "if_none_match": "x"]),
                ["r2_path": 5],
            ])
            expect(response, .validationFailed)
            let types = "image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic"
            #expect(
                fieldErrors(response) == [
                    "items[1].r2_path: Invalid path: contains an empty segment",
                    "items[1].expires_in: Must be between 1 and 604800", "items[2].r2_path: Field required",
                    "items[3].content_type: Must be one of \(types)",
                    "items[3].content_length: Must be between 1 and 5368709120",
                    "items[3].if_none_match: Must be one of *", "items[4].r2_path: Must be a string",
                ])
            #expect(!response.text.contains("X-Amz-Signature"))
            let all = try post((0..<1000).map { item("/\($0)") })
            #expect(fieldErrors(all) == (0..<100).map { "items[\($0)].r2_path: Invalid path: begins or ends with /" })
            #expect(all.json["errors_omitted"].int == 900)
        }

        @Test func `A repeated path is rejected in every Unicode form`() throws {
            let response = try post(
                ["users/é", "users/a", "users/e\u{301}", "users/b", "users/a", "users/a"].map { item($0) })
            #expect(fieldErrors(response) == [2, 4, 5].map { "items[\($0)].r2_path: Invalid path: duplicate" })
            let forbidden = try post([item("usersx/a"), item("usersx/a")])
            #expect(fieldErrors(forbidden) == ["items[1].r2_path: Invalid path: duplicate"])
            #expect(try post([item("users/A"), item("users/a")]).status == 200)
        }

        @Test func `One path outside the allowed prefixes fails the request`() throws {
            expect(try post([item("users/a"), item("usersx/a")]), .pathNotAllowed)
            let nginx = try NginxInstance([
                (
                    "ozon-r2/locations/r2-presigned-urls.conf", "fastcgi_pass",
                    "fastcgi_param R2_PREFIX users/$arg_session/;\n    fastcgi_pass"
                )
            ])
            let process = try nginx.start(.presignBatch)
            func status(_ paths: [String], _ session: String) throws -> Int {
                try http(
                    "POST", port: nginx.client.port, "\(Endpoint.presignBatch.path)?session=\(session)",
                    try NginxClient.headers(), body: Array(jsonText(["items": paths.map { item($0) }]).utf8)
                ).status
            }
            #expect(try status(["users/one/a", "users/one/b"], "one") == 200)
            #expect(try status(["users/one/a", "users/two/b"], "one") == 403)
            #expect(try status(["users/one/a"], "") == 403)
            #expect(process.child.isRunning)
        }

        @Test func `A thousand paths of maximum length are accepted, in a body of up to 4 MiB`() throws {
            let paths = (0..<1000).map { "users/\($0)/".padding(toLength: 1024, withPad: "x", startingAt: 0) }
            let body = jsonText([
                "items": paths.map { item($0, ["content_type": "image/jpeg", "expires_in": 604_800]) }
            ])
            #expect(body.utf8.count > 1 << 20)
            let padding = String(repeating: " ", count: 4 << 20 - body.utf8.count)
            let response = try sandbox().client.post(.presignBatch, body + padding)
            #expect(response.status == 200)
            #expect(response.json["data"]["items"].list.count == 1000)
            expect(try sandbox().client.post(.presignBatch, body + padding + " "), .bodyTooLarge)
        }
    }
}
