import Foundation
import Testing

extension EndToEnd {
    /// What no well-meaning client sends. The same process answers afterwards, and nothing reaches Ozon.
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
        func `What is no JSON object in UTF-8 is 400 and hurts nobody`(_ endpoint: Endpoint) throws {
            let stage = try Stage()
            try stage.handler(endpoint).outlives { _ in
                func check(_ what: String, _ bytes: [UInt8], _ reason: String) throws {
                    let answer = try stage.site.post(endpoint, bytes: bytes)
                    expect(answer, .validationFailed, what)
                    #expect(faults(answer) == ["body: \(reason)"], "\(what)")
                }
                for (what, text) in Self.texts { try check(what, Array(text.utf8), "Invalid JSON") }
                for (what, bytes) in Self.raw { try check(what, bytes, "Invalid JSON") }
                for text in Self.noObject { try check(text, Array(text.utf8), "Must be an object") }
            }
        }

        @Test func `32 deep is read, and a body of 60,000 names too`() throws {
            let names = (0..<60_000).map { "\"n\($0)\":0" }.joined(separator: ",")
            for more in ["\"x\":\(Self.nested(31))", names] {
                let body = "{\"r2_path\":\"users/a\",\(more)}"
                #expect(try sandbox().site.post(.presign, body).status == 200)
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `Twice as much as is allowed, and a body that breaks off, hurt nobody`(_ endpoint: Endpoint) throws {
            let stage = try Stage()
            try stage.handler(endpoint).outlives { handler in
                let twice = [UInt8](repeating: UInt8(ascii: "["), count: 2 * endpoint.maxBody - 1)
                expect(try stage.site.post(endpoint, bytes: twice), .bodyTooLarge)
                // nginx keeps half a body to itself.
                let wire = try Wire(port: stage.site.port)
                try wire.send(stage.site.head(endpoint.path, try Site.headers(), length: 1000) + "{\"a\":")
                wire.finish()
                _ = try? wire.readToEnd()
                #expect(try handler.messages("request").count == 1)
                // Told of more, or of less, than comes.
                let good = endpoint.goodBody
                for length in [
                    "\(good.utf8.count + 1)", "\(good.utf8.count - 1)", "0", "-1", "x", "99999999999999999999",
                ] {
                    let answer = try handler.post(good, with: [("CONTENT_LENGTH", length)])
                    #expect([400, 413].contains(answer.status), "\(length): \(answer.status)")
                    #expect(answer.json["success"].bool == false)
                }
                #expect(
                    try handler.post(good, with: [("CONTENT_LENGTH", nil)]).status == 200, "its end is told by STDIN's")
                #expect(try handler.post(good, with: [("CONTENT_LENGTH", "\(endpoint.maxBody + 1)")]).status == 413)
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `Broken HTTP is answered by nginx, and hurts nobody`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            let heads = [
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "POST \(endpoint.path) HTTP/1.1\r\n\r\n", "POST \(endpoint.path) HTTP/9.9\r\n\r\n",
                "\u{16}\u{3}\u{1}\r\n\r\n",
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nX-API-Key: a\u{0}b\r\n\r\n",
                "POST \(endpoint.path) HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n",
            ]
            for head in heads {
                let wire = try Wire(port: site.port)
                try wire.send(head)
                wire.finish()
                let text = String(decoding: try wire.readToEnd(), as: UTF8.self)
                #expect(!text.contains("200 OK"), "\(head.prefix(80))")
            }
            #expect(try site.post(endpoint, endpoint.goodBody).status == 200)
        }

        @Test(arguments: Endpoint.allCases)
        func `A chunked body is read too`(_ endpoint: Endpoint) throws {
            let site = try sandbox().site
            let wire = try Wire(port: site.port)
            let body = endpoint.goodBody
            let headers = try Site.headers(with: ["Transfer-Encoding: chunked"])
            try wire.send(site.head(endpoint.path, headers, length: nil))
            for byte in body.utf8 { try wire.send([UInt8(ascii: "1"), 13, 10, byte, 13, 10]) }
            try wire.send("0\r\n\r\n")
            #expect(try HTTPAnswer(try wire.readToEnd()).status == 200)
        }
    }
}
