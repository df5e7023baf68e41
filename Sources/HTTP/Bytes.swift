// Text is built as bytes: these are the pieces. Concrete types throughout, because an unspecialised generic costs more
// than the copy it makes.

extension [UInt8] {
    /// A literal, copied as it stands in the program.
    package mutating func append(_ literal: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    /// Bytes in lower-case hexadecimal, as signatures and digests are written.
    package mutating func append(hex bytes: [UInt8]) {
        for byte in bytes {
            append(lowerHex(byte >> 4))
            append(lowerHex(byte & 15))
        }
    }

    /// A number without sign, padded with zeros to `width`.
    package mutating func append(decimal value: Int, width: Int = 1) {
        var divisor = 1
        var places = 1
        while value / divisor >= 10 || places < width {
            divisor *= 10
            places += 1
        }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

private func lowerHex(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}
