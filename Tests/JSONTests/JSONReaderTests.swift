import Foundation
import TestSupport
import Testing

@testable import JSON

func read(_ text: String, _ duplicates: JSON.Duplicates = .rejected) -> JSON? {
    read(Array(text.utf8), duplicates)
}

func read(_ bytes: [UInt8], _ duplicates: JSON.Duplicates = .rejected) -> JSON? {
    try? JSON(bytes, duplicates: duplicates)
}

@Suite struct JSONReaderTests {
    struct File: Decodable {
        struct Case: Decodable { let name: String, text: String }
        let rejected: [Case]
        let accepted: String
    }

    @Test func `JSON_checker's failing texts are rejected and its passing text is accepted`() throws {
        let file: File = try Vectors(beside: #filePath).json("json-checker.json")
        #expect(file.rejected.count == 31)
        for example in file.rejected { #expect(read(example.text) == nil, "\(example.name)") }
        #expect(read(file.accepted)?.array?.count == 20)
    }

    @Test(arguments: [
        "", " ", "{", "[", "\"", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", ".5", "1.", "01", "-01",
        "1e", "1e+", "0x1", "1 2", "{} {}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
        "[1 2]", "// x\n1", "/**/1", "\u{FEFF}{}", "\u{A0}1", "1\u{B}", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"",
        "\"\\u 123\"",
        "\"\\u+123\"", "\"a\nb\"", "\"a\u{0}\"", "\"a\u{1F}\"", "\"\\\"", "tru\u{0}",
    ])
    func `A text that is not JSON is rejected`(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test func `Invalid UTF-8 is rejected in a string, in a name and elsewhere`() {
        let bad: [[UInt8]] = [
            [0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
        ]
        for bytes in bad {
            #expect(read([0x22] + bytes + [0x22]) == nil)
            #expect(read(Array("\"\\n".utf8) + bytes + [0x22]) == nil, "after an escape")
            #expect(read(Array("{\"".utf8) + bytes + Array("\":1}".utf8)) == nil)
            #expect(read(bytes) == nil)
        }
    }

    @Test func `Other encodings are rejected`() throws {
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32] {
            let data = try #require("{\"a\":1}".data(using: encoding))
            #expect(read(Array(data)) == nil)
        }
    }

    @Test func `A surrogate pair is decoded as one character, and a lone surrogate is rejected`() {
        #expect(read(#""\"\\\/\b\f\n\r\t""#)?.string == "\"\\/\u{8}\u{C}\n\r\t")
        #expect(read(#""\u0041\u00e9\u20AC\uD83E\uDDF8""#)?.string == "Aé€🧸")
        #expect(read(#""\u0000""#)?.string == "\u{0}")
        for half in [#""\uD83E""#, #""\uDDF8""#, #""\uD83Ex""#, #""\uD83E\n""#, #""\uD83E\u0041""#, #""\uDDF8\uD83E""#]
        {
            #expect(read(half) == nil, "\(half)")
        }
    }

    @Test func `An integer has no fraction or exponent and fits into 64 bits`() {
        #expect(read("0")?.integer == 0)
        #expect(read("-0")?.integer == 0)
        #expect(read("9223372036854775807")?.integer == Int.max)
        #expect(read("-9223372036854775808")?.integer == Int.min)
        for other in ["9223372036854775808", "1.0", "1e3", "1E0", "-0.0"] {
            guard case .number(other) = read(other) else {
                Issue.record("\(other)")
                continue
            }
        }
    }

    @Test func `Arrays and objects may be nested 32 deep but not 33`() {
        func nested(_ open: String, _ close: String, _ depth: Int) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(read(nested("[", "]", 32)) != nil)
        #expect(read(nested("[", "]", 33)) == nil)
        #expect(read(nested("{\"a\":", "}", 32)) != nil)
        #expect(read(nested("{\"a\":", "}", 33)) == nil)
        #expect(read(String(repeating: "[", count: 1_000_000)) == nil, "without overflowing the stack")
    }

    @Test func `A duplicate name is rejected in any spelling and in large objects`() {
        #expect(read(#"{"a":1,"b":2,"a":1}"#) == nil)
        #expect(read(#"{"a":1,"\u0061":1}"#) == nil)
        #expect(read(#"{"x":{"a":1,"a":2}}"#) == nil)
        #expect(read(#"[{"a":1},{"a":2}]"#) != nil, "the names are in different objects")
        let many = (0..<100).map { "\"n\($0)\":1" }
        #expect(read("{\(many.joined(separator: ","))}") != nil)
        for name in ["n0", "n15", "n16", "n17", "n99"] {
            #expect(read("{\(many.joined(separator: ",")),\"\(name)\":1}") == nil, "\(name)")
        }
    }

    @Test func `Names are compared as bytes, so that two normal forms are two names`() throws {
        let json = try #require(read("{\"\u{E9}\":1,\"e\u{301}\":2,\"a\\r\\n\":3}"))
        #expect(json["é"]?.integer == 1)
        #expect(json["e\u{301}"]?.integer == 2)
        #expect(json["a\r\n"]?.integer == 3)
    }

    @Test func `With lastWins the last of two duplicate members is returned`() {
        #expect(read(#"{"a":1,"a":2}"#, .lastWins)?["a"]?.integer == 2)
    }

    @Test func `A member that is null or missing has no value`() {
        #expect(read(#"{"a":null}"#)?["a"] == nil)
        #expect(read(#"{"a":1}"#)?["A"] == nil)
        #expect(read(#"["a"]"#)?["a"] == nil)
        #expect(read(#"{"a":1,"a":null}"#, .lastWins)?["a"] == nil)
    }

    @Test func `A hundred thousand names are parsed`() {
        let text = "{" + (0..<100_000).map { "\"name\($0)\":\($0)" }.joined(separator: ",") + "}"
        #expect(read(text)?["name99999"]?.integer == 99_999)
    }
}
