import Encoding

/// Step 1, the query: names and values encoded, sorted by encoded name, then by value. A parameter without a value is
/// written as `uploads=`.
///
/// Source: AWS, "Create a signed AWS API request", canonical query string.
package func canonicalQuery(_ parameters: QueryParameters) -> [UInt8] {
    joined(encoded(parameters).sorted { ($0.name, $0.value) < ($1.name, $1.value) })
}

/// The same parameters in the given order, for a URL.
package func query(_ parameters: QueryParameters) -> [UInt8] {
    joined(encoded(parameters))
}

private struct Encoded: Comparable {
    let bytes: [UInt8]
    static func < (a: Encoded, b: Encoded) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

private func encoded(_ parameters: QueryParameters) -> [(name: Encoded, value: Encoded)] {
    parameters.map { (encoded($0.name), encoded($0.value)) }
}

private func encoded(_ text: String) -> Encoded {
    var bytes: [UInt8] = []
    bytes.append(percentEncoding: text)
    return Encoded(bytes: bytes)
}

private func joined(_ parameters: [(name: Encoded, value: Encoded)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, parameter) in parameters.enumerated() {
        if index > 0 { bytes.append(.ampersand) }
        bytes += parameter.name.bytes
        bytes.append(.equalsSign)
        bytes += parameter.value.bytes
    }
    return bytes
}
