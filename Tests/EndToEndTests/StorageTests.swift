import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Uses the signed URLs as a browser does, with a real S3 server that checks every signature.
    @Suite struct Storage {
        private func sign(_ path: String, _ options: [String: Any] = [:]) throws -> HTTPResponse {
            let response = try sandbox().client.post(.presign, jsonText(options.merging(["r2_path": path]) { $1 }))
            try #require(response.status == 200, "\(response.text)")
            return response
        }

        /// PUTs a body with the target exactly as it is in the URL.
        private func put(_ url: String, _ headers: [String] = [], _ body: [UInt8]) throws -> HTTPResponse {
            let (port, target) = try #require(split(url))
            return try http("PUT", port: port, target, headers, body: body)
        }

        private func get(_ url: String) throws -> HTTPResponse {
            let (port, target) = try #require(split(url))
            return try http("GET", port: port, target)
        }

        private func split(_ url: String) -> (UInt16, String)? {
            guard let match = url.wholeMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)(\/.*)/) else { return nil }
            return UInt16(match.1).map { ($0, String(match.2)) }
        }

        private func lines(_ headers: JSONValue) -> [String] {
            headers.names.map { "\($0): \(headers[$0].string ?? "")" }
        }

        private let image: [UInt8] = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) }

        @Test func `A body that is PUT to upload_url is returned at public_url, byte for byte`() throws {
            let response = try sign(
                "users/u/roundtrip.jpg", ["content_type": "image/jpeg", "content_length": image.count])
            let stored = try put(response.json["upload_url"].string!, lines(response.json["headers"]), image)
            #expect(stored.status == 200, "\(stored.text)")
            let read = try get(response.json["public_url"].string!)
            #expect(read.status == 200)
            #expect(read.body == image)
            #expect(read["Content-Type"] == "image/jpeg")
        }

        @Test func `Every allowed key can be stored and read`() throws {
            let names = [
                "a b", "a+b",
                "a=b&c", "(a)", "100%", "100%25", "%2e%2e", "a#b", "a?b", "фото 1", "🏺🇷🇺", "é", "e\u{301}",
                "~-_.", "!*'()", "a;b:c@d,e$f", "[x]{y}|z^`\"<>", "..a", "a..", "日本", "\u{301}a", "a\u{200D}b",
                "X-Amz-Signature=1",
            ]
            for name in names {
                let body = Array("<\(name)>".utf8)
                let response = try sign("users/u/keys \(name)/\(name).jpg")
                let stored = try put(response.json["upload_url"].string!, [], body)
                #expect(stored.status == 200, "\(name): \(stored.text.prefix(200))")
                let read = try get(response.json["public_url"].string!)
                #expect(read.status == 200, "\(name)")
                #expect(read.body == body, "\(name)")
            }
        }

        @Test func `The uploads of ozon-download can be stored, each with a key of its own`() throws {
            let response = try sandbox().client.post(
                .download, downloadBody(["SAME-NAMES", "FORMATS"], ["presign": true, "user_id": "юзер 1"]))
            let uploads = response.json["data"]["items"].list.flatMap(\.["uploads"].list)
            #expect(uploads.count == 5)
            #expect(Set(uploads.compactMap(\.["r2_path"].string)).count == 5)
            for upload in uploads {
                #expect(upload["r2_path"].string?.hasPrefix("users/юзер 1/ozon/") == true)
                let image = try get(upload["url"].string!)
                #expect(image.status == 200)
                let stored = try put(upload["upload_url"].string!, lines(upload["headers"]), image.body)
                #expect(stored.status == 200, "\(stored.text.prefix(200))")
                #expect(try get(upload["public_url"].string!).body == image.body)
            }
        }

        @Test func `Uploads have a type if types are required`() throws {
            let process = try EndpointProcess(.download, ["R2_REQUIRE_TYPE": "true"])
            let uploads = try process.post(downloadBody(["FORMATS"], ["presign": true])).json["data"]["items"][0][
                "uploads"]
            let types = ["image/jpeg", "image/png", "image/webp"]
            #expect(uploads.list.map { $0["headers"]["content-type"].string } == types)
            for upload in uploads.list {
                let url = upload["upload_url"].string!
                #expect(try put(url, ["content-type: image/heic"], [1]).status == 403)
                #expect(try put(url, lines(upload["headers"]), [1]).status == 200)
            }
        }

        @Test func `A URL with one altered character is rejected`() throws {
            let url = try sign("users/u/tamper.jpg").json["upload_url"].string!
            func altered(_ old: String, _ new: String) throws -> String {
                try #require(url.contains(old))
                return url.replacingOccurrences(of: old, with: new)
            }
            let last = url.last!
            let changed = [
                "the signature's end": String(url.dropLast()) + (last == "0" ? "1" : "0"),
                "the signature's case": try #require(url.range(of: "Signature=")).upperBound == url.endIndex
                    ? url : url.replacingOccurrences(of: "Signature=", with: "Signature=0"),
                "the path": try altered("tamper.jpg", "tamper.jpf"),
                "the path's case": try altered("tamper", "Tamper"),
                "the bucket": try altered("/users/u/", "/users/v/"),
                "the time to live": try altered("Expires=3600", "Expires=3601"),
                "the scope": try altered("%2Fs3%2F", "%2Fs4%2F"),
                "one more parameter": url + "&x=1",
            ]
            for (what, url) in changed {
                let response = try put(url, [], [1])
                #expect(
                    [400, 403].contains(response.status), "\(what): \(response.status) \(response.text.prefix(200))")
            }
            #expect(try http("DELETE", port: split(url)!.0, split(url)!.1).status == 403, "another method")
            #expect(try put(url, [], [1]).status == 200, "as it was signed")
        }

        @Test func `Signed headers must be sent as they were signed`() throws {
            let response = try sign(
                "users/u/signed.jpg", ["content_type": "image/jpeg", "content_length": 3, "if_none_match": "*"])
            let url = response.json["upload_url"].string!
            let all = lines(response.json["headers"])
            for missing in all {
                #expect(try put(url, all.filter { $0 != missing }, [1, 2, 3]).status == 403, "\(missing)")
            }
            #expect(try put(url, ["content-type: image/png", "if-none-match: *"], [1, 2, 3]).status == 403)
            #expect(try put(url, all, [1, 2, 3, 4]).status == 403, "another length")
            #expect(try put(url, all, [1, 2]).status == 403, "another length")
            #expect(try put(url, all, [1, 2, 3]).status == 200)
            let second = try put(url, all, [1, 2, 3])
            #expect(second.status == 412, "\(second.text.prefix(200))")
        }

        @Test func `A URL expires when it says`() throws {
            let url = try sign("users/u/short.jpg", ["expires_in": 1]).json["upload_url"].string!
            let rejected = try eventually("the URL expires") { () -> HTTPResponse? in
                let response = try put(url, [], [1])
                return response.status == 200 ? nil : response
            }
            #expect([400, 403].contains(rejected.status), "\(rejected.text)")
        }
    }
}
