import Encoding

package protocol JSONWritable {
    func write(to json: inout JSONWriter)
}

/// Writes compact JSON in UTF-8. Members keep the order in which they are written, and `/` is not escaped.
package struct JSONWriter: ~Copyable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    package static func bytes(_ value: some JSONWritable) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        value.write(to: &json)
        return json.bytes
    }

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        enclosed(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    /// Writes `{"success": true, "data": {…}}`.
    package mutating func data(_ members: (inout JSONWriter) -> Void) {
        object {
            $0.member("success", true)
            $0.member("data") { $0.object(members) }
        }
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        enclosed(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    /// Writes a member. The name must be printable ASCII without `"` and `\`, because it is not escaped.
    package mutating func member(_ name: StaticString, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    package mutating func member(_ name: StaticString, _ value: String) {
        self.name(name)
        string(value)
    }

    /// Writes a member unless the value is nil.
    package mutating func member(_ name: StaticString, ifAny value: (some JSONWritable)?) {
        if let value { member(name, value) }
    }

    package mutating func member(_ name: StaticString, _ value: (inout JSONWriter) -> Void) {
        self.name(name)
        value(&self)
    }

    /// Writes a member whose name is not a literal. The name is escaped.
    package mutating func member(named name: String, _ value: some JSONWritable) {
        member(named: name) { value.write(to: &$0) }
    }

    package mutating func member(named name: String, _ value: (inout JSONWriter) -> Void) {
        string(name)
        bytes.append(":")
        needsComma = false
        value(&self)
    }

    private mutating func name(_ name: StaticString) {
        bytes.append(needsComma ? ",\"" : "\"")
        bytes.append(name)
        bytes.append("\":")
        needsComma = false
    }

    package mutating func string(_ text: String) {
        separate()
        bytes.append("\"")
        var text = text
        text.withUTF8 { utf8 in
            // There is no early exit, so that the compiler can vectorize the loop.
            var escapes: UInt8 = 0
            for byte in utf8 {
                escapes |= (byte < 0x20 ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5C ? 1 : 0)
            }
            if escapes != 0 {
                for byte in utf8 { append(escaping: byte) }
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append("\"")
        needsComma = true
    }

    package mutating func integer(_ value: Int) {
        separate()
        if value < 0 { bytes.append(text: String(value)) } else { bytes.append(decimal: value) }
        needsComma = true
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(value ? "true" : "false")
        needsComma = true
    }

    private mutating func enclosed(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(open)
        needsComma = false
        body(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(.comma) }
    }

    private mutating func append(escaping byte: UInt8) {
        guard mustEscape(byte) else { return bytes.append(byte) }
        bytes.append(.backslash)
        switch byte {
        case .quote, .backslash: bytes.append(byte)
        case .newline: bytes.append(UInt8(ascii: "n"))
        case .carriageReturn: bytes.append(UInt8(ascii: "r"))
        case .tab: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append("u00")
            bytes.append(hex: [byte])
        }
    }
}

private func mustEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == .quote || byte == .backslash
}

extension String: JSONWritable {
    package func write(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONWritable {
    package func write(to json: inout JSONWriter) { json.integer(self) }
}

extension Bool: JSONWritable {
    package func write(to json: inout JSONWriter) { json.bool(self) }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.array { json in for element in self { element.write(to: &json) } }
    }
}
