import Foundation
import TestSupport
import Testing

@testable import R2Storage

private func read(_ text: String) -> XML? { try? XML(Array(text.utf8)) }

@Suite struct XMLTests {
    @Test func `Elements, text, attributes and comments are parsed, and namespace prefixes are removed`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- before -->
            <s3:List xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/' a = "1>2" >
              <s3:Id>a<!-- within -->b</s3:Id><Empty/><Part n="1"><Id>1</Id></Part><Part><Id>2</Id></Part >
            </s3:List>
            <!-- after -->

            """
        let list = try #require(read(text))
        #expect(list.name == "List")
        #expect(list["Id"] == "ab")
        #expect(list["Empty"] == "")
        #expect(list["Missing"] == nil)
        #expect(list.children.map(\.name) == ["Id", "Empty", "Part", "Part"])
        #expect(list.children.suffix(2).map { $0["Id"] } == ["1", "2"])
        #expect(read("<a>b<!-->--></a>")?.text == Array("b".utf8))
        #expect(read("<?>?><!--->--><a/>") != nil)
        #expect(read("<a/>")?.children.isEmpty == true)
        #expect(read("<a><b>фото 🧸</b></a>")?["b"] == "фото 🧸")
    }

    @Test func `Named and numeric entities are decoded as text and never as markup`() {
        let text = "<a><b>&amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#x1F9F8;&lt;c&gt;</b></a>"
        #expect(read(text)?["b"] == "&<>\"'AB🧸<c>")
    }

    @Test(arguments: [
        "", " ", "text", "<", "<a", "<a>", "<a><b></a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "</a>", "<a></a",
        "<>", "< a/>", "<a b/>", "<a b=c/>", "<a b=\"c/>", "<a b='c\"/>", "<a/ >", "<a>&b;</a>", "<a>&</a>",
        "<a>&#;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#-1;</a>", "<a>&#+65;</a>", "<a>&#x+41;</a>",
        "<a>&#-0;</a>", "<a>&amp</a>", "<a>&AMP;</a>",
        "<a><!-- </a>", "<a><!--></a>", "<!--><a/>", "<?><a/>",
        "<?xml", "<a>&#xFFFFFFFFFFFF;</a>", "<A></a>",
    ])
    func `Malformed XML is rejected`(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test(arguments: [
        "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "<a><!DOCTYPE a></a>", "<a><![CDATA[b]]></a>",
        "<a><?b?></a>", "<!ELEMENT a ANY><a/>",
    ])
    func `Document types, custom entities, CDATA and processing instructions are rejected`(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test func `Elements may be nested 16 deep, and deeper nesting is rejected without recursion`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(read(nested(16)) != nil)
        #expect(read(nested(17)) == nil)
        #expect(read(nested(100_000)) == nil)
        #expect(read(String(repeating: "<a>", count: 100_000)) == nil)
    }

    @Test func `Text that is not valid UTF-8 has no value`() throws {
        let bytes = Array("<a><b>".utf8) + [0xFF, 0xC0, 0xAF] + Array("</b></a>".utf8)
        #expect(try XML(bytes)["b"] == nil)
    }

    @Test func `Parsing mutated documents always ends without a crash and with the same result`() {
        var random = SplitMix64(seed: 20_261_120)
        let seed = Array(
            """
            <?xml version="1.0"?><ListPartsResult xmlns="http://s3"><IsTruncated>true</IsTruncated><!-- c -->\
            <Part><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>&#53;</Size></Part><x:y a='b'/>\
            </ListPartsResult>
            """.utf8)
        let marks = Array("<>&;/!?-='\"#x[]: \n\0".utf8)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[index] = marks.randomElement(using: &random)!
                case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes.insert(marks.randomElement(using: &random)!, at: index)
                case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...20, using: &random)))
                default: bytes += bytes[index...].prefix(40)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            let first = try? XML(bytes)
            #expect((first == nil) == ((try? XML(bytes)) == nil))
            if first != nil { read += 1 }
        }
        #expect(read > 100 && read < 15_000, "\(read) of the texts are well-formed")
    }
}
