// Responses and signatures are built as bytes with these functions. They take concrete types, because a generic
// function that isn't specialized costs more than the copy it avoids.

extension [UInt8] {
    package mutating func append(_ literal: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    package mutating func append(text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    /// Appends bytes in lower-case hexadecimal.
    package mutating func append(hex bytes: [UInt8]) {
        for byte in bytes {
            append(lowerHex(byte >> 4))
            append(lowerHex(byte & 15))
        }
    }

    /// Appends a number that is not negative, padded with zeros to `width` digits.
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

extension String {
    /// Bytes in lower-case hexadecimal.
    package init(hex bytes: [UInt8]) {
        var text: [UInt8] = []
        text.append(hex: bytes)
        self.init(decoding: text, as: UTF8.self)
    }
}

private func lowerHex(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}
