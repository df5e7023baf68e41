import Foundation
import TestSupport
import Testing

@testable import JSON

private func written(_ value: some JSONWritable) -> String {
    text(JSONWriter.bytes(value))
}

private func written(_ write: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    write(&json)
    return text(json.bytes)
}

@Suite struct JSONWriterTests {
    @Test func `Members are written in order, without absent ones and without escaping slashes`() {
        let text = written {
            $0.object {
                $0.member("b", "https://x/y")
                $0.member("a", [1, 2])
                $0.member("none", ifAny: String?.none)
                $0.member("some", ifAny: "x")
                $0.member("o") { $0.object { _ in } }
                $0.member("e", [String]())
                $0.member("l") { $0.array { for flag in [true, false] { $0.bool(flag) } } }
                $0.member("last", -7)
            }
        }
        #expect(text == #"{"b":"https://x/y","a":[1,2],"some":"x","o":{},"e":[],"l":[true,false],"last":-7}"#)
    }

    @Test(arguments: [0, 1, -1, Int.max, Int.min, 1_000_000])
    func `Integers are written completely`(_ value: Int) {
        #expect(written(value) == String(value))
    }

    @Test func `Foundation reads every character below U+0180 unchanged, alone and among others`() throws {
        for value in UInt32(0)..<0x180 {
            let character = String(Unicode.Scalar(value)!)
            for string in [character, "ab\(character)cd", "\(character)\(character)", "я\(character)🧸"] {
                let bytes = JSONWriter.bytes(string)
                let back = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) as? String
                #expect(back.map { $0.utf8.elementsEqual(string.utf8) } == true, "U+\(String(value, radix: 16))")
                #expect(bytes.allSatisfy { $0 >= 0x20 }, "U+\(String(value, radix: 16))")
            }
        }
    }

    @Test func `Quotes, backslashes and line ends are escaped`() {
        #expect(written("a\"b\\c\r\n\t\u{1}") == #""a\"b\\c\r\n\t\u0001""#)
        #expect(written("\"\u{301}") == "\"\\\"\u{301}\"", "a quote under a combining mark is still a quote")
        #expect(written { $0.object { $0.member(named: "a\"b", 1) } } == #"{"a\"b":1}"#)
    }

    @Test func `A string that is not stored as UTF-8 is written correctly`() {
        let long = String(repeating: "дa\n", count: 1000)
        #expect(written(NSString(string: long) as String) == "\"\(String(repeating: "дa\\n", count: 1000))\"")
    }
}
