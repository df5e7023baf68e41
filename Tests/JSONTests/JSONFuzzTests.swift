import Foundation
import TestSupport
import Testing

@testable import JSON

/// Texts drawn with a fixed seed, read by us and by Foundation.
///
/// Known differences, kept out of the comparison or told apart below: a name twice (refused here for callers; read with
/// `lastWins`), more than 32 levels, a BOM, UTF-16 and UTF-32 (Foundation guesses by NUL bytes), numbers beyond a Double
/// (Foundation refuses them), `[1,]` (Foundation takes it).
@Suite struct JSONFuzzTests {
    @Test func `Generated JSON is parsed as Foundation parses it`() throws {
        var draw = Draw(seed: 1)
        for _ in 0..<3000 {
            let text = draw.value(depth: 0)
            let json = try #require(read(text, .lastWins), "\(text)")
            #expect(plain(json).isEqual(try foundation(Array(text.utf8))), "\(text)")
        }
    }

    @Test func `JSON that is parsed and written again is parsed the same`() throws {
        var draw = Draw(seed: 2)
        draw.onlyWritable = true
        for _ in 0..<3000 {
            let text = draw.value(depth: 0)
            let json = try #require(read(text, .lastWins), "\(text)")
            let written = JSONWriter.bytes(Written(json))
            let again = try #require(read(written, .lastWins), "\(text)")
            #expect(JSONWriter.bytes(Written(again)) == written, "\(text)")
            #expect(plain(json).isEqual(try foundation(written)), "\(text)")
        }
    }

    @Test func `A randomly changed text is accepted exactly if Foundation accepts it`() {
        var draw = Draw(seed: 3)
        var accepted = 0
        for _ in 0..<20_000 {
            let bytes = draw.mutated(Array(draw.value(depth: 0).utf8))
            if bytes.contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) { continue }
            let ours = read(bytes, .lastWins)
            if let ours, overflows(ours) { continue }
            if ours != nil { accepted += 1 }
            let theirs = (try? foundation(bytes)) != nil
            let same = (ours != nil) == theirs || (theirs && read(withoutTrailingCommas(bytes), .lastWins) != nil)
            #expect(same, "\(text(bytes).debugDescription)")
        }
        #expect(accepted > 1000, "the comparison has both kinds")
    }

    @Test func `Parsing arbitrary bytes does not crash`() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = read(bytes)
        }
    }

    @Test func `A text truncated anywhere is rejected`() {
        let whole = Array(#"{"a":[1,-2.5e3,"x\u00e9\n"],"b":{"c":null,"d":true}}"#.utf8)
        #expect(read(whole) != nil)
        for length in 0..<whole.count { #expect(read(Array(whole[..<length])) == nil, "\(length)") }
    }
}

private func foundation(_ bytes: [UInt8]) throws -> NSObject {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) as? NSObject)
}

private func withoutTrailingCommas(_ bytes: [UInt8]) -> [UInt8] {
    Array(text(bytes).replacing(/,[ \n\r\t]*\]/.matchingSemantics(.unicodeScalar), with: "]").utf8)
}

/// A number beyond a Double: valid by RFC 8259, refused by Foundation.
private func overflows(_ json: JSON) -> Bool {
    switch json {
    case .number(let text): Double(text)?.isFinite != true
    case .array(let elements): elements.contains(where: overflows)
    case .object(let members): members.contains { overflows($0.value) }
    default: false
    }
}

private func plain(_ json: JSON) -> NSObject {
    switch json {
    case .null: NSNull()
    case .bool(let value): NSNumber(value: value)
    case .integer(let value): NSNumber(value: value)
    case .number(let text): NSNumber(value: Double(text)!)
    case .string(let text): text as NSString
    case .array(let elements): elements.map(plain) as NSArray
    case .object(let members):
        Dictionary(members.map { ($0.name as NSString, plain($0.value)) }) { $1 } as NSDictionary
    }
}

/// What JSONWriter can write: no null, no fraction.
private struct Written: JSONWritable {
    let json: JSON

    init(_ json: JSON) { self.json = json }

    func write(to writer: inout JSONWriter) {
        switch json {
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.integer(value)
        case .string(let text): writer.string(text)
        case .array(let elements): writer.array { for element in elements { Written(element).write(to: &$0) } }
        case .object(let members):
            writer.object { for member in members { $0.member(named: member.name, Written(member.value)) } }
        case .null, .number: Issue.record("not writable")
        }
    }
}

private struct Draw {
    var onlyWritable = false
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    private mutating func one(_ choices: [String]) -> String { choices[below(choices.count)] }
    private mutating func blank() -> String { one(["", "", "", " ", "\n", "\t", "\r\n"]) }

    mutating func value(depth: Int) -> String {
        blank() + bare(depth: depth) + blank()
    }

    private mutating func bare(depth: Int) -> String {
        switch below(depth > 4 ? 4 : 6) {
        case 0: return one(onlyWritable ? ["true", "false"] : ["true", "false", "null"])
        case 1: return one(["0", "-1", "42", "1234567890123", "-9223372036854775808", "9223372036854775807"])
        case 2: return onlyWritable ? "7" : one(["0.5", "-0.25", "1e3", "2E-2", "1.5e+2", "123456.75"])
        case 3: return string()
        case 4: return "[" + (0..<below(4)).map { _ in value(depth: depth + 1) }.joined(separator: ",") + "]"
        default:
            let members = (0..<below(4)).map { number in
                "\(blank())\"\(number)\(string().dropFirst())\(blank()):\(value(depth: depth + 1))"
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    private mutating func string() -> String {
        let pieces = [
            "a", "Z", " ", "/", "я", "图", "🧸", "e\u{301}", "\u{7F}", "\u{2028}", "\\\"", "\\\\", "\\/", "\\b", "\\f",
            "\\n",
            "\\r", "\\t", "\\u0000", "\\u001f", "\\u00E9", "\\ud83e\\uddf8", "\\u2028",
        ]
        return "\"" + (0..<below(6)).map { _ in one(pieces) }.joined() + "\""
    }

    /// One to three bytes changed, put in or taken out.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("{}[]\":,\\/0123456789-+.eEutrfalsn \n\t\u{1}\u{1F}'aA".utf8) + [0x80, 0xC3, 0xFF]
        var bytes = bytes
        for _ in 0...below(3) {
            let byte = alphabet[below(alphabet.count)]
            switch below(3) {
            case 0: bytes.insert(byte, at: below(bytes.count + 1))
            case 1 where !bytes.isEmpty: bytes[below(bytes.count)] = byte
            default: if !bytes.isEmpty { bytes.remove(at: below(bytes.count)) }
            }
        }
        return bytes
    }
}
