import Foundation
import Testing

extension EndToEnd {
    /// The signed URLs, used as a browser would, at a real S3 server that checks every signature.
    @Suite struct Storage {
        private func sign(_ path: String, _ options: [String: Any] = [:]) throws -> HTTPAnswer {
            let answer = try sandbox().site.post(.presign, jsonText(options.merging(["r2_path": path]) { $1 }))
            try #require(answer.status == 200, "\(answer.text)")
            return answer
        }

        /// PUT by raw HTTP, the target exactly as it stands in the URL.
        private func put(_ url: String, _ headers: [String] = [], _ body: [UInt8]) throws -> HTTPAnswer {
            let (port, target) = try #require(split(url))
            return try http("PUT", port: port, target, headers, body: body)
        }

        private func get(_ url: String) throws -> HTTPAnswer {
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

        @Test func `What is PUT to upload_url is read back at public_url, byte for byte`() throws {
            let answer = try sign(
                "users/u/roundtrip.jpg", ["content_type": "image/jpeg", "content_length": image.count])
            let stored = try put(answer.json["upload_url"].string!, lines(answer.json["headers"]), image)
            #expect(stored.status == 200, "\(stored.text)")
            let read = try get(answer.json["public_url"].string!)
            #expect(read.status == 200)
            #expect(read.body == image)
            #expect(read["Content-Type"] == "image/jpeg")
        }

        @Test func `Any key that is allowed can be stored and read`() throws {
            let names = [
                "a b", "a+b", "a=b&c", "(a)", "100%", "100%25", "%2e%2e", "a#b", "a?b", "фото 1", "🏺🇷🇺", "é", "e\u{301}",
                "~-_.", "!*'()", "a;b:c@d,e$f", "[x]{y}|z^`\"<>", "..a", "a..", "日本", "\u{301}a", "a\u{200D}b",
                "X-Amz-Signature=1",
            ]
            for name in names {
                let body = Array("<\(name)>".utf8)
                let answer = try sign("users/u/keys \(name)/\(name).jpg")
                let stored = try put(answer.json["upload_url"].string!, [], body)
                #expect(stored.status == 200, "\(name): \(stored.text.prefix(200))")
                let read = try get(answer.json["public_url"].string!)
                #expect(read.status == 200, "\(name)")
                #expect(read.body == body, "\(name)")
            }
        }

        @Test func `The uploads of ozon-download are stored too, each under a key of its own`() throws {
            let answer = try sandbox().site.post(
                .download, downloadBody(["SAME-NAMES", "FORMATS"], ["presign": true, "user_id": "юзер 1"]))
            let uploads = answer.json["data"]["items"].list.flatMap(\.["uploads"].list)
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

        @Test func `Uploads carry their type where types are required`() throws {
            let handler = try Handler(.download, ["R2_REQUIRE_TYPE": "true"])
            let uploads = try handler.post(downloadBody(["FORMATS"], ["presign": true])).json["data"]["items"][0][
                "uploads"]
            let types = ["image/jpeg", "image/png", "image/webp"]
            #expect(uploads.list.map { $0["headers"]["content-type"].string } == types)
            for upload in uploads.list {
                let url = upload["upload_url"].string!
                #expect(try put(url, ["content-type: image/heic"], [1]).status == 403)
                #expect(try put(url, lines(upload["headers"]), [1]).status == 200)
            }
        }

        @Test func `One altered character is refused`() throws {
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
                let answer = try put(url, [], [1])
                #expect([400, 403].contains(answer.status), "\(what): \(answer.status) \(answer.text.prefix(200))")
            }
            #expect(try http("DELETE", port: split(url)!.0, split(url)!.1).status == 403, "another method")
            #expect(try put(url, [], [1]).status == 200, "as it was signed")
        }

        @Test func `What is signed must be sent as it was signed`() throws {
            let answer = try sign(
                "users/u/signed.jpg", ["content_type": "image/jpeg", "content_length": 3, "if_none_match": "*"])
            let url = answer.json["upload_url"].string!
            let all = lines(answer.json["headers"])
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

        @Test func `A URL ends when it says`() throws {
            let url = try sign("users/u/short.jpg", ["expires_in": 1]).json["upload_url"].string!
            let refused = try eventually("the URL expires") { () -> HTTPAnswer? in
                let answer = try put(url, [], [1])
                return answer.status == 200 ? nil : answer
            }
            #expect([400, 403].contains(refused.status), "\(refused.text)")
        }
    }
}
