import Encoding

/// Reads one JSON text by recursive descent. `maxDepth` bounds the stack.
struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let duplicates: JSON.Duplicates
    let maxDepth: Int
    private var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, duplicates: JSON.Duplicates, maxDepth: Int) {
        self.bytes = bytes
        self.duplicates = duplicates
        self.maxDepth = maxDepth
    }

    mutating func document() throws(JSON.Invalid) -> JSON {
        skipWhitespace()
        let value = try value(depth: 0)
        skipWhitespace()
        guard position == bytes.count else { throw JSON.Invalid() }
        return value
    }

    private mutating func value(depth: Int) throws(JSON.Invalid) -> JSON {
        guard let first = peek() else { throw JSON.Invalid() }
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case .quote: return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSON.Invalid) -> JSON {
        guard depth <= maxDepth else { throw JSON.Invalid() }
        var members: [(name: String, value: JSON)] = []
        var names = SeenNames()
        position += 1
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipWhitespace()
            guard peek() == .quote else { throw JSON.Invalid() }
            let name = try string()
            if duplicates == .rejected, !names.insert(name, after: members) { throw JSON.Invalid() }
            skipWhitespace()
            guard take(.colon) else { throw JSON.Invalid() }
            skipWhitespace()
            members.append((name, try value(depth: depth)))
            skipWhitespace()
        } while take(.comma)
        guard take(UInt8(ascii: "}")) else { throw JSON.Invalid() }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSON.Invalid) -> JSON {
        guard depth <= maxDepth else { throw JSON.Invalid() }
        var elements: [JSON] = []
        position += 1
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            skipWhitespace()
            let element = try value(depth: depth)
            if elements.count <= JSON.maxElements { elements.append(element) }
            skipWhitespace()
        } while take(.comma)
        guard take(UInt8(ascii: "]")) else { throw JSON.Invalid() }
        return .array(elements)
    }

    private mutating func string() throws(JSON.Invalid) -> String {
        position += 1
        let start = position
        while let byte = peek() {
            if byte == .quote {
                defer { position += 1 }
                return try text(bytes[start..<position])
            }
            if byte == .backslash { return try escapedString(from: start) }
            if byte < 0x20 { throw JSON.Invalid() }
            position += 1
        }
        throw JSON.Invalid()
    }

    private mutating func escapedString(from start: Int) throws(JSON.Invalid) -> String {
        var raw = Array(bytes[start..<position])
        while let byte = peek() {
            position += 1
            switch byte {
            case .quote: return try text(raw)
            case .backslash: try escape(into: &raw)
            case 0..<0x20: throw JSON.Invalid()
            default: raw.append(byte)
            }
        }
        throw JSON.Invalid()
    }

    private mutating func escape(into raw: inout [UInt8]) throws(JSON.Invalid) {
        guard let byte = peek() else { throw JSON.Invalid() }
        position += 1
        switch byte {
        case .quote, .backslash, .slash: raw.append(byte)
        case UInt8(ascii: "b"): raw.append(0x08)
        case UInt8(ascii: "f"): raw.append(0x0C)
        case UInt8(ascii: "n"): raw.append(0x0A)
        case UInt8(ascii: "r"): raw.append(0x0D)
        case UInt8(ascii: "t"): raw.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hex4()
            if (0xD800..<0xDC00).contains(code) {
                guard take(.backslash), take(UInt8(ascii: "u")) else { throw JSON.Invalid() }
                let low = try hex4()
                guard (0xDC00..<0xE000).contains(low) else { throw JSON.Invalid() }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw JSON.Invalid() }
            raw += UTF8.encode(scalar)!
        default: throw JSON.Invalid()
        }
    }

    private mutating func hex4() throws(JSON.Invalid) -> UInt32 {
        guard position + 4 <= bytes.count else { throw JSON.Invalid() }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = bytes[position].hexDigitValue else { throw JSON.Invalid() }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    private func text(_ raw: some Collection<UInt8>) throws(JSON.Invalid) -> String {
        guard let text = String(validating: raw, as: UTF8.self) else { throw JSON.Invalid() }
        return text
    }

    private mutating func number() throws(JSON.Invalid) -> JSON {
        let start = position
        _ = take(.hyphen)
        if !take(UInt8(ascii: "0")) { try digits() }
        var isInteger = true
        if take(.dot) {
            isInteger = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(.hyphen) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        return .number(text)
    }

    private mutating func digits() throws(JSON.Invalid) {
        let start = position
        while let byte = peek(), byte.isASCIIDigit { position += 1 }
        if position == start { throw JSON.Invalid() }
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSON.Invalid) -> JSON {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count,
            bytes[position..<end].elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: end - position))
        else { throw JSON.Invalid() }
        position = end
        return value
    }

    private mutating func skipWhitespace() {
        while let byte = peek(), byte.isBlank || byte == .newline || byte == .carriageReturn { position += 1 }
    }

    private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }
}
