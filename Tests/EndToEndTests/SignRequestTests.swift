import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// r2-sign-request: which operations it signs, and that the S3 server accepts them.
    @Suite struct SignRequest {
        private let types = "image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic"
        private let odd = "users/u/a b+c=d(e)%25#f?g&h'!*~ фото é [x]{y}@:;,$/"

        private func post(_ members: [String: Any]) throws -> HTTPResponse {
            try sandbox().client.post(.signRequest, jsonText(members))
        }

        /// The faults of a request for a valid key.
        private func faults(_ members: [String: Any]) throws -> [String] {
            fieldErrors(try post(members.merging(["key": "users/u/a.jpg"]) { $1 }))
        }

        private func signed(_ members: [String: Any]) throws -> (url: String, headers: [String]) {
            let response = try post(members)
            let json = response.json
            let url = try #require(json["url"].string, "\(response.text)")
            return (url, json["headers"].names.map { "\($0): \(json["headers"][$0].string!)" })
        }

        /// Has an operation signed and sends it with the headers of the response, and with those that Uppy adds.
        private func perform(
            _ method: String, _ key: String, _ members: [String: Any] = [:], _ more: [String] = [],
            _ body: [UInt8]? = nil
        ) throws -> HTTPResponse {
            let (url, headers) = try signed(members.merging(["method": method, "key": key]) { $1 })
            return try send(method, url, headers + more, body ?? (method == "POST" ? [] : nil))
        }

        private func published(_ key: String) throws -> HTTPResponse {
            try MultipartUpload(path: key).published()
        }

        private func element(_ name: String, _ response: HTTPResponse) throws -> String {
            let match = try #require(
                try Regex("<\(name)>([^<]*)</\(name)>").firstMatch(in: response.text), "\(response.text)")
            return String(match[1].substring!)
        }

        private func query(_ url: String) -> [String: String] {
            let items = URLComponents(string: url)?.queryItems ?? []
            return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { "\($0) & \($1)" })
        }

        @Test func `The response has the URL, the key in NFC and the headers to send`() throws {
            let response = try post(["method": "PUT", "key": "users/u/e\u{301}.jpg", "contentType": "IMAGE/JPG; q=1"])
            #expect(response.status == 200)
            #expect(response.json.names == ["headers", "key", "url"])
            #expect(response.json["key"].string.map { Array($0.utf8) } == Array("users/u/\u{E9}.jpg".utf8))
            #expect(response.json["headers"].description == #"{"content-type":"image/jpeg"}"#)
            let url = response.json["url"].string ?? ""
            #expect(url.contains("/images/users/u/%C3%A9.jpg?"))
            #expect(query(url)["X-Amz-SignedHeaders"] == "content-type;host")
            #expect(query(url)["X-Amz-Expires"] == "3600")
            let short = try signed(["method": "PUT", "key": "users/u/a.jpg", "expiresIn": "60"])
            #expect(query(short.url)["X-Amz-Expires"] == "60")
            #expect(short.headers.isEmpty)
        }

        @Test func `An object is stored by PutObject with the type that was signed, and with no other`() throws {
            let key = odd + "\(newClientID()).jpg"
            let (url, headers) = try signed(["method": "PUT", "key": key, "contentType": "image/png"])
            #expect(headers == ["content-type: image/png"])
            for wrong in [[], ["content-type: text/html"], ["content-type: image/png, text/html"]] {
                #expect(try send("PUT", url, wrong, [1]).status == 403, "\(wrong)")
            }
            #expect(try send("DELETE", url, headers).status == 403)
            #expect(try send("PUT", url, headers, [1, 2]).status == 200)
            let stored = try published(key)
            #expect(stored.body == [1, 2])
            #expect(stored["Content-Type"] == "image/png")
        }

        @Test func `An upload in parts is created, listed and completed by the requests that are signed`() throws {
            let key = odd + "\(newClientID()).webp"
            let created = try perform("POST", key, ["contentType": "image/webp"])
            let id = try element("UploadId", created)
            let parts = [body(5 << 20), body(100, 1)]
            var list = ""
            for (number, part) in parts.enumerated() {
                let stored = try perform("PUT", key, ["uploadId": id, "partNumber": number + 1], [], part)
                #expect(stored.status == 200, "\(stored.text)")
                let etag = try #require(stored["ETag"])
                list += "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(etag)</ETag></Part>"
            }
            func numbers(_ members: [String: Any]) throws -> [String] {
                let listed = try perform("GET", key, members.merging(["uploadId": id]) { $1 }).text
                return listed.matches(of: /<PartNumber>(\d+)</).map { String($0.1) }
            }
            #expect(try numbers([:]) == ["1", "2"])
            #expect(try numbers(["partNumberMarker": 0]) == ["1", "2"])
            #expect(try numbers(["partNumberMarker": 1]) == ["2"])
            // Uppy sends this type in any case; it need not be signed.
            let completed = try perform(
                "POST", key, ["uploadId": id], ["content-type: application/xml"],
                Array("<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>".utf8))
            #expect(completed.status == 200, "\(completed.text)")
            #expect(!(try element("Location", completed).isEmpty))
            let stored = try published(key)
            #expect(stored.body == parts[0] + parts[1])
            #expect(stored["Content-Type"] == "image/webp")
        }

        @Test func `The type of a completion is signed if it is given`() throws {
            let (url, headers) = try signed([
                "method": "POST", "key": "users/u/a", "uploadId": "x", "contentType": "application/xml",
            ])
            #expect(headers == ["content-type: application/xml"])
            #expect(query(url)["X-Amz-SignedHeaders"] == "content-type;host")
        }

        @Test func `An aborted upload has no parts any more, and the object under its key remains`() throws {
            let key = odd + "\(newClientID()).jpg"
            #expect(try perform("PUT", key, [:], [], [7]).status == 200)
            let id = try element("UploadId", try perform("POST", key))
            #expect(try perform("PUT", key, ["uploadId": id, "partNumber": 1], [], [1]).status == 200)
            #expect(try perform("DELETE", key, ["uploadId": id]).status == 204)
            #expect(try element("Code", try perform("GET", key, ["uploadId": id])) == "NoSuchUpload")
            #expect(try published(key).body == [7])
        }

        @Test func `The deletion of an object is signed only if R2_ALLOW_DELETE is true`() throws {
            let key = odd + "\(newClientID()).jpg"
            let request: [String: Any] = ["method": "DELETE", "key": key]
            #expect(try perform("PUT", key, [:], [], [7]).status == 200)
            expect(try post(request), .operationNotAllowed)
            expect(try post(["method": "DELETE", "key": "other/a.jpg"]), .pathNotAllowed)
            #expect(try faults(["method": "DELETE", "uploadId": ""]) == ["uploadId: Must not be empty"])
            #expect(try published(key).status == 200)
            let process = try EndpointProcess(.signRequest, ["R2_ALLOW_DELETE": "true"])
            let response = try process.post(jsonText(request))
            #expect(response.json["headers"].names.isEmpty)
            #expect(try send("DELETE", response.json["url"].string ?? "").status == 204)
            #expect(try published(key).status == 404)
            expect(try process.post(jsonText(["method": "DELETE", "key": "other/a.jpg"])), .pathNotAllowed)
        }

        @Test func `Every combination of fields that is no operation is rejected with its reason`() throws {
            let id: [String: Any] = ["uploadId": "x"]
            func check(_ method: String, _ members: [String: Any], _ expected: [String]) throws {
                #expect(try faults(members.merging(["method": method]) { $1 }) == expected, "\(method) \(members)")
            }
            for method in ["HEAD", "put", "", "PATCH", "PUT\u{301}", "PUT "] {
                try check(method, [:], ["method: Must be one of PUT, POST, GET, DELETE"])
            }
            try check("PUT", id, ["partNumber: Field required"])
            try check("PUT", ["partNumber": 1], ["uploadId: Field required"])
            try check("GET", [:], ["uploadId: Field required"])
            for (method, operation) in [("POST", "CompleteMultipartUpload"), ("DELETE", "AbortMultipartUpload")] {
                try check(
                    method, ["uploadId": "x", "partNumber": 0, "partNumberMarker": "x"],
                    ["partNumber: Not allowed for \(operation)", "partNumberMarker: Not allowed for \(operation)"])
            }
            try check("POST", ["partNumber": 1], ["partNumber: Not allowed for CreateMultipartUpload"])
            try check("DELETE", ["partNumber": 1], ["partNumber: Not allowed for DeleteObject"])
            try check("GET", ["uploadId": "x", "partNumber": 1], ["partNumber: Not allowed for ListParts"])
            try check("PUT", ["partNumberMarker": 1], ["partNumberMarker: Not allowed for PutObject"])
            let type: [String: Any] = ["contentType": "image/jpeg"]
            try check("DELETE", type, ["contentType: Not allowed for DeleteObject"])
            for (method, more, operation) in [
                ("PUT", ["partNumber": 1], "UploadPart"), ("GET", [:], "ListParts"),
                ("DELETE", [:], "AbortMultipartUpload"),
            ] as [(String, [String: Any], String)] {
                let members = type.merging(id) { $1 }.merging(more) { $1 }
                try check(method, members, ["contentType: Not allowed for \(operation)"])
            }
            try check("POST", type.merging(id) { $1 }, ["contentType: Must be one of application/xml"])
            try check("PUT", ["contentType": "application/xml"], ["contentType: Must be one of \(types)"])
            for (method, more) in [("PUT", [:]), ("POST", [:]), ("POST", id)] {
                let absent: [String: Any] = ["partNumber": NSNull(), "partNumberMarker": NSNull(), "unknown": 1]
                try check(method, absent.merging(more) { $1 }, [])
            }
        }

        @Test func `All invalid fields are listed, in their order`() throws {
            #expect(fieldErrors(try post([:])) == ["method: Field required", "key: Field required"])
            let response = try post([
                "contentType": 1, "expiresIn": 0, "partNumberMarker": -1, "partNumber": 10_001, "uploadId": "",
                "key": "/", "method": 5,
            ])
            expect(response, .validationFailed)
            #expect(
                fieldErrors(response) == [
                    "method: Must be a string", "key: Invalid path: begins or ends with /",
                    "uploadId: Must not be empty", "partNumber: Must be between 1 and 10000",
                    "partNumberMarker: Must be between 0 and 10000", "expiresIn: Must be between 1 and 604800",
                ])
            let part = try post(["method": "PUT", "uploadId": 5, "partNumber": 0, "contentType": "image/png"])
            #expect(
                fieldErrors(part) == [
                    "key: Field required", "uploadId: Must be a string", "partNumber: Must be between 1 and 10000",
                    "contentType: Not allowed for UploadPart",
                ])
        }

        @Test func `uploadId, partNumber and partNumberMarker have the limits of multipart uploads`() throws {
            for id in ["x", String(repeating: "+/=", count: 682), "é\u{301} ?&#%"] {
                let (url, _) = try signed(["method": "DELETE", "key": "users/u/a", "uploadId": id])
                #expect(query(url)["uploadId"]?.utf8.elementsEqual(id.utf8) == true)
            }
            #expect(
                try faults(["method": "GET", "uploadId": String(repeating: "x", count: 2049)])
                    == ["uploadId: Exceeds limit (2048)"])
            for bad in ["a\nb", "\u{0}", "\u{85}"] {
                #expect(try faults(["method": "GET", "uploadId": bad]) == ["uploadId: Invalid characters"])
            }
            for number: Any in [1, 10_000, "10000"] {
                #expect(try faults(["method": "PUT", "uploadId": "x", "partNumber": number]).isEmpty)
            }
            for marker: Any in [0, 10_000, "0"] {
                #expect(try faults(["method": "GET", "uploadId": "x", "partNumberMarker": marker]).isEmpty)
            }
        }

        @Test func `R2_REQUIRE_TYPE requires the type of each object that is created, and of nothing else`() throws {
            let process = try EndpointProcess(
                .signRequest, ["R2_ALLOWED_TYPES": "image/png", "R2_REQUIRE_TYPE": "true", "R2_ALLOW_DELETE": "true"])
            func faults(_ members: [String: Any]) throws -> [String] {
                fieldErrors(try process.post(jsonText(members.merging(["key": "users/u/a"]) { $1 })))
            }
            for method in ["PUT", "POST"] {
                #expect(try faults(["method": method]) == ["contentType: Field required"])
                #expect(try faults(["method": method, "contentType": NSNull()]) == ["contentType: Field required"])
                for type in ["image/jpeg", "text/html", "image/png, text/html", ""] {
                    let reason = "contentType: Must be one of image/png"
                    #expect(try faults(["method": method, "contentType": type]) == [reason], "\(type)")
                }
                #expect(try faults(["method": method, "contentType": "image/x-png"]).isEmpty)
            }
            #expect(try faults(["method": "PUT", "uploadId": "x", "partNumber": 1]).isEmpty)
            for method in ["GET", "POST", "DELETE"] {
                #expect(try faults(["method": method, "uploadId": "x"]).isEmpty)
            }
            #expect(try faults(["method": "DELETE"]).isEmpty)
        }

        @Test func `A key outside the allowed prefixes is denied for every operation`() throws {
            for request: [String: Any] in [
                ["method": "PUT"], ["method": "POST"], ["method": "PUT", "uploadId": "x", "partNumber": 1],
                ["method": "GET", "uploadId": "x"], ["method": "POST", "uploadId": "x"],
                ["method": "DELETE", "uploadId": "x"], ["method": "DELETE"],
            ] {
                for key in ["usersx/a", "other/a", "users"] {
                    expect(try post(request.merging(["key": key]) { $1 }), .pathNotAllowed, "\(request) \(key)")
                }
                let process = try EndpointProcess(.signRequest, ["R2_ALLOW_DELETE": "true"])
                let body = jsonText(request.merging(["key": "users/u/a"]) { $1 })
                #expect(try process.post(body, with: [("R2_PREFIX", "users/u/")]).status == 200)
                expect(try process.post(body, with: [("R2_PREFIX", "users/v/")]), .pathNotAllowed, "\(request)")
            }
        }
    }
}
