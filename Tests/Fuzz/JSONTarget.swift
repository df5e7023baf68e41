import Foundation

@testable import JSON

/// Compares our reader with Foundation's. The known differences are:
///
/// - Foundation detects UTF-16, UTF-32 and a byte order mark; such inputs are not compared.
/// - Foundation accepts a comma before `]` or `}`, and up to 512 levels; we accept 32.
/// - Foundation rejects numbers that Double can't hold, and reads those of many digits less precisely.
/// - With duplicate names, or names that are equal to Swift's `String`, the objects are not compared.
func fuzzJSON(_ bytes: [UInt8]) {
    let json = try? JSON(bytes, duplicates: .lastWins)
    let strict = try? JSON(bytes, duplicates: .rejected)
    require(strict == nil || json != nil, "a text is accepted with .rejected only")
    if let json {
        require((strict == nil) == hasDuplicates(json), "a duplicate name is accepted, or distinct names are rejected")
        checkWriter(json)
    }
    if bytes.contains(0) || [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xFF, 0xFE]].contains(where: bytes.starts) {
        return
    }
    let reference = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    switch (json, reference) {
    case (nil, nil): break
    case (let json?, let reference?): require(json.matches(reference), "Foundation reads another value: \(reference)")
    case (let json?, nil): require(json.overflows, "Foundation rejects the text")
    case (nil, _?):
        let lenient = try? JSON(withoutTrailingCommas(bytes), duplicates: .lastWins, maxDepth: 600)
        require(lenient != nil, "Foundation accepts the text")
    }
}

private func hasDuplicates(_ json: JSON) -> Bool {
    switch json {
    case .array(let elements): elements.contains(where: hasDuplicates)
    case .object(let members):
        Set(members.map { Array($0.name.utf8) }).count < members.count
            || members.contains { hasDuplicates($0.value) }
    default: false
    }
}

/// Strings that are written are read the same, by us and by Foundation.
private func checkWriter(_ json: JSON) {
    let texts = Array(json.allTexts.prefix(100))
    let written = JSONWriter.bytes(texts)
    let ours = (try? JSON(written, duplicates: .rejected))?.strings
    let theirs = (try? JSONSerialization.jsonObject(with: Data(written))) as? [String]
    for read in [ours, theirs] {
        require(read.map { $0.map { Array($0.utf8) } } == texts.map { Array($0.utf8) }, "a written string is changed")
    }
}

/// The text without commas that precede `]` or `}`, outside strings.
private func withoutTrailingCommas(_ bytes: [UInt8]) -> [UInt8] {
    var kept: [UInt8] = []
    var (isInString, isEscaped) = (false, false)
    for byte in bytes {
        if isInString {
            (isInString, isEscaped) = (isEscaped || byte != 0x22, !isEscaped && byte == 0x5C)
        } else if byte == 0x22 {
            isInString = true
        } else if byte == 0x5D || byte == 0x7D {
            let end = kept.lastIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            if let end, kept[end] == 0x2C { kept.remove(at: end) }
        }
        kept.append(byte)
    }
    return kept
}

extension JSON {
    fileprivate var overflows: Bool {
        switch self {
        case .number(let text): Double(text)?.isFinite != true
        case .array(let elements): elements.contains(where: \.overflows)
        case .object(let members): members.contains { $0.value.overflows }
        default: false
        }
    }

    /// All names and strings.
    fileprivate var allTexts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.allTexts)
        case .object(let members): members.flatMap { [$0.name] + $0.value.allTexts }
        default: []
        }
    }

    fileprivate func matches(_ reference: Any) -> Bool {
        switch self {
        case .null: reference is NSNull
        case .bool(let value): (reference as? Bool) == value
        case .integer(let value): (reference as? NSNumber)?.int64Value == Int64(value)
        case .number(let text):
            (reference as? NSNumber).map { abs($0.doubleValue - Double(text)!) <= abs(Double(text)!) * 1e-14 } == true
        case .string(let text): (reference as? String).map { $0.utf8.elementsEqual(text.utf8) } == true
        case .array(let elements):
            (reference as? [Any]).map { zip(elements, $0).allSatisfy { $0.matches($1) } && elements.count == $0.count }
                == true
        case .object(let members):
            (reference as? [String: Any]).map { object in
                Set(members.map(\.name)).count < members.count
                    || object.count == members.count
                        && members.allSatisfy { member in object[member.name].map(member.value.matches) == true }
            } == true
        }
    }
}
