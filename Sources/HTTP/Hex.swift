extension [UInt8] {
    /// Appends bytes in lower-case hexadecimal, as signatures and digests are written.
    package mutating func append(hex bytes: some Sequence<UInt8>) {
        for byte in bytes {
            append(lowerHex(byte >> 4))
            append(lowerHex(byte & 15))
        }
    }
}

private func lowerHex(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}
