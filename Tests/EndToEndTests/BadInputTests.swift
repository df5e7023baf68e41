import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Hostile and malformed requests. The same process must respond afterwards.
    @Suite struct BadInput {
        private static let good = #"{"r2_path":"users/a"}"#

        private static func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }

        private static let texts: [(what: String, text: String)] = [
            ("nothing", ""), ("blanks", " \n"), ("no JSON", "hello"), ("a form", "r2_path=users/a"), ("XML", "<a/>"),
            ("open", #"{"r2_path":"#), ("trailing comma", #"{"r2_path":"a",}"#), ("two texts", good + good),
            ("single quotes", "{'r2_path':'a'}"), ("a comment", "{/**/}"), ("NaN", #"{"a":NaN}"#),
            ("leading zero", #"{"a":01}"#), ("plus", #"{"a":+1}"#), ("half a number", #"{"a":1.}"#),
            ("bad escape", #"{"a":"\x"}"#), ("lone surrogate", #"{"a":"\ud800"}"#),
            ("swapped surrogates", #"{"a":"\udc00\ud800"}"#), ("a BOM", "\u{FEFF}" + good),
            ("a NUL after", good + "\0"),
            ("a NUL within", "{\"r2_path\":\"users/\0a\"}"), ("a NUL before", "\0" + good),
            ("a raw newline", "{\"r2_path\":\"users/\na\"}"),
            ("a name twice", #"{"r2_path":"users/a","r2_path":"users/a"}"#),
            ("a name twice, once escaped", #"{"r2_path":"users/a","r2\u005fpath":"users/b"}"#),
            ("a name twice below", #"{"x":{"a":1,"a":1}}"#), ("200,000 arrays", nested(200_000)),
            ("200,000 objects", String(repeating: #"{"a":"#, count: 200_000)),
            ("200,000 deep in a field", "{\"a\":\(nested(200_000))}"),
            ("33 deep", "{\"r2_path\":\"users/a\",\"x\":\(nested(32))}"),
        ]

        private static func around(_ bytes: [UInt8]) -> [UInt8] {
            Array(#"{"r2_path":"users/"#.utf8) + bytes + Array(#""}"#.utf8)
        }

        private static let raw: [(what: String, bytes: [UInt8])] = [
            ("UTF-16LE", good.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
            ("UTF-16BE with BOM", [0xFE, 0xFF] + good.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }),
            ("Latin-1", around([0xE9])), ("overlong UTF-8", around([0xC0, 0xAF])),
            ("a surrogate in UTF-8", around([0xED, 0xA0, 0x80])), ("half a character", around([0xE2, 0x82])),
            ("random bytes", (0..<5000).map { _ in UInt8.random(in: 0...255) }),
        ]

        private static let noObject = ["[]", "1", "true", "null", #""x""#, #"[{"r2_path":"users/a"}]"#]

        @Test(arguments: Endpoint.allCases)
        func `A body that is not a JSON object in UTF-8 is rejected with 400`(_ endpoint: Endpoint) throws {
            let nginx = try NginxInstance()
            try nginx.start(endpoint).survives { _ in
                func check(_ what: String, _ bytes: [UInt8], _ reason: String) throws {
                    let response = try nginx.client.post(endpoint, bytes: bytes)
                    expect(response, .validationFailed, what)
                    #expect(fieldErrors(response) == ["body: \(reason)"], "\(what)")
                }
                for (what, text) in Self.texts { try check(what, Array(text.utf8), "Invalid JSON") }
                for (what, bytes) in Self.raw { try check(what, bytes, "Invalid JSON") }
                for text in Self.noObject { try check(text, Array(text.utf8), "Must be an object") }
            }
        }

        @Test func `A body may be nested 32 levels deep and have 60,000 names`() throws {
            let names = (0..<60_000).map { "\"n\($0)\":0" }.joined(separator: ",")
            for more in ["\"x\":\(Self.nested(31))", names] {
                let body = "{\"r2_path\":\"users/a\",\(more)}"
                #expect(try sandbox().client.post(.presign, body).status == 200)
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `The process survives bodies that are twice too large or incomplete`(_ endpoint: Endpoint) throws {
            let nginx = try NginxInstance()
            try nginx.start(endpoint).survives { process in
                let twice = [UInt8](repeating: UInt8(ascii: "["), count: 2 * endpoint.maxBody - 1)
                expect(try nginx.client.post(endpoint, bytes: twice), .bodyTooLarge)
                // nginx does not forward an incomplete body.
                let connection = try SocketConnection(port: nginx.client.port)
                try connection.send(
                    nginx.client.head(endpoint.path, try NginxClient.headers(), length: 1000) + "{\"a\":")
                connection.finish()
                _ = try? connection.readToEnd()
                #expect(try process.messages("request").count == 1)
                // CONTENT_LENGTH is larger or smaller than the body.
                let good = endpoint.goodBody
                for length in [
                    "\(good.utf8.count + 1)", "\(good.utf8.count - 1)", "0", "-1", "x", "99999999999999999999",
                ] {
                    let response = try process.post(good, with: [("CONTENT_LENGTH", length)])
                    #expect([400, 413].contains(response.status), "\(length): \(response.status)")
                    #expect(response.json["success"].bool == false)
                }
                #expect(
                    try process.post(good, with: [("CONTENT_LENGTH", nil)]).status == 200,
                    "an empty STDIN record ends the body")
                #expect(try process.post(good, with: [("CONTENT_LENGTH", "\(endpoint.maxBody + 1)")]).status == 413)
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `nginx rejects malformed HTTP`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            let heads = [
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "POST \(endpoint.path) HTTP/1.1\r\n\r\n", "POST \(endpoint.path) HTTP/9.9\r\n\r\n",
                "\u{16}\u{3}\u{1}\r\n\r\n",
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nX-API-Key: a\u{0}b\r\n\r\n",
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n",
            ]
            for head in heads {
                let connection = try SocketConnection(port: client.port)
                try connection.send(head)
                connection.finish()
                let text = String(decoding: try connection.readToEnd(), as: UTF8.self)
                #expect(!text.contains("200 OK"), "\(head.prefix(80))")
            }
            #expect(try client.post(endpoint, endpoint.goodBody).status == 200)
        }

        @Test(arguments: Endpoint.allCases)
        func `A chunked body is accepted`(_ endpoint: Endpoint) throws {
            let client = try sandbox().client
            let connection = try SocketConnection(port: client.port)
            let body = endpoint.goodBody
            let headers = try NginxClient.headers(with: ["Transfer-Encoding: chunked"])
            try connection.send(client.head(endpoint.path, headers, length: nil))
            for byte in body.utf8 { try connection.send([UInt8(ascii: "1"), 13, 10, byte, 13, 10]) }
            try connection.send("0\r\n\r\n")
            #expect(try HTTPResponse(try connection.readToEnd()).status == 200)
        }
    }
}
