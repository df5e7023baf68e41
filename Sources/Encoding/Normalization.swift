// `String._nfc` is an SPI of the standard library, the only NFC without Foundation. If a toolchain removes it, this
// file doesn't compile. If its result changes, R2 stores keys under other names than those returned; ObjectKeyTests
// notices, because it compares keys with Unicode's own vectors.
@_spi(_Unicode) import Swift

/// A string in Unicode's normalization form C. ASCII already is in that form.
package func normalizedToNFC(_ text: String) -> String {
    if isASCII(text) { return text }
    var result = ""
    for scalar in text._nfc { result.unicodeScalars.append(scalar) }
    return result
}

private func isASCII(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { $0.reduce(0, |) < 0x80 }
}
