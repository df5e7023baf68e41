import Foundation
import TestSupport
import Testing

@testable import JSON

/// Compares our reader with Foundation's on texts generated from a fixed seed.
///
/// Known differences are excluded: duplicate names (rejected in requests; `lastWins` accepts them), more than 32
/// levels, a BOM, UTF-16 and UTF-32 (Foundation detects them by NUL bytes), numbers beyond the range of Double
/// (rejected by Foundation) and `[1,]` (accepted by Foundation).
@Suite struct JSONFuzzTests {
    @Test func `Generated JSON is parsed as Foundation parses it`() throws {
        var generator = JSONGenerator(seed: 1)
        for _ in 0..<3000 {
            let text = generator.value(depth: 0)
            let json = try #require(read(text, .lastWins), "\(text)")
            #expect(plain(json).isEqual(try foundation(Array(text.utf8))), "\(text)")
        }
    }

    @Test func `JSON that is parsed and written again is parsed the same`() throws {
        var generator = JSONGenerator(seed: 2)
        generator.onlyWritable = true
        for _ in 0..<3000 {
            let text = generator.value(depth: 0)
            let json = try #require(read(text, .lastWins), "\(text)")
            let written = JSONWriter.bytes(Written(json))
            let again = try #require(read(written, .lastWins), "\(text)")
            #expect(JSONWriter.bytes(Written(again)) == written, "\(text)")
            #expect(plain(json).isEqual(try foundation(written)), "\(text)")
        }
    }

    @Test func `A randomly changed text is accepted exactly if Foundation accepts it`() {
        var generator = JSONGenerator(seed: 3)
        var accepted = 0
        for _ in 0..<20_000 {
            let bytes = generator.mutated(Array(generator.value(depth: 0).utf8))
            if bytes.contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) { continue }
            let json = read(bytes, .lastWins)
            if let json, overflows(json) { continue }
            if json != nil { accepted += 1 }
            let isValid = (try? foundation(bytes)) != nil
            let agrees = (json != nil) == isValid || (isValid && read(withoutTrailingCommas(bytes), .lastWins) != nil)
            #expect(agrees, "\(text(bytes).debugDescription)")
        }
        #expect(accepted > 1000, "too few of the changed texts are valid")
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

/// True if a number is beyond the range of Double, which RFC 8259 allows and Foundation rejects.
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

/// Writes a value without nulls and fractions, which JSONWriter does not support.
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
        case .null, .number: Issue.record("JSONWriter does not support \(json)")
        }
    }
}

private struct JSONGenerator {
    var onlyWritable = false
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    private mutating func one(_ choices: [String]) -> String { choices[below(choices.count)] }
    private mutating func whitespace() -> String { one(["", "", "", " ", "\n", "\t", "\r\n"]) }

    mutating func value(depth: Int) -> String {
        whitespace() + bare(depth: depth) + whitespace()
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
                "\(whitespace())\"\(number)\(string().dropFirst())\(whitespace()):\(value(depth: depth + 1))"
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    private mutating func string() -> String {
        let pieces = [
            "a", "Z", " ", "/", "я", "图", "🧸", "e\u{301}", "\u{7F}", "\u{2028}", "\\\"", "\\\\", "\\/", "\\b", "\\f",
            "\\n", "\\r", "\\t", "\\u0000", "\\u001f", "\\u00E9", "\\ud83e\\uddf8", "\\u2028",
        ]
        return "\"" + (0..<below(6)).map { _ in one(pieces) }.joined() + "\""
    }

    /// The bytes with one to three of them changed, inserted or removed.
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
