import Encoding
import Foundation
import Testing

@Suite struct PercentEncodingTests {
    // The characters that UriEncode keeps (AWS, "Create a signed AWS API request").
    static let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    @Test func `Every ASCII byte except the unreserved ones becomes %XX in upper case`() {
        for byte in UInt8(0)..<0x80 {
            let text = String(Unicode.Scalar(byte))
            let expected = Self.unreserved.contains(byte) ? text : String(format: "%%%02X", byte)
            #expect(text.percentEncoded() == expected)
        }
    }

    @Test func `A slash is kept in a path and encoded in a value`() {
        #expect("a/b".percentEncoded(keepingSlash: true) == "a/b")
        #expect("a/b".percentEncoded() == "a%2Fb")
    }

    @Test(arguments: ["фото.jpg", "图片", "🧸", "e\u{301}", "é", "\r\n", "a\u{301}/b", "\u{10FFFF}\u{80}\u{7FF}\u{800}"])
    func `Text beyond ASCII is encoded byte by byte, as Foundation encodes it`(_ text: String) {
        let set = CharacterSet(charactersIn: String(decoding: Self.unreserved, as: UTF8.self))
        #expect(text.percentEncoded() == text.addingPercentEncoding(withAllowedCharacters: set))
    }

    @Test func `Encoded text decodes to the same bytes`() throws {
        let text = (0..<0x300).compactMap(Unicode.Scalar.init(_:)).map { String($0) }.joined()
        for keepingSlash in [false, true] {
            let decoded = try #require(text.percentEncoded(keepingSlash: keepingSlash).removingPercentEncoding)
            #expect(decoded.utf8.elementsEqual(text.utf8))
        }
    }

    @Test func `Encoded text is appended to existing bytes`() {
        var bytes = Array("x=".utf8)
        bytes.append(percentEncoding: "1 2")
        #expect(String(decoding: bytes, as: UTF8.self) == "x=1%202")
    }
}
