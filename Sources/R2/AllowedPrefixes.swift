/// Where keys may lie. `users/` allows `users/a.jpg` and not `usersx/a.jpg`: a prefix ends at a segment's border.
/// An empty list allows every key; the empty prefix none (a narrowing whose variable came out empty must not open the bucket).
package struct AllowedPrefixes: Sendable {
    /// Every group must allow the key; within a group one prefix is enough.
    private var groups: [[[UInt8]]]

    package init(_ prefixes: [String]) {
        groups = prefixes.isEmpty ? [] : [prefixes.map(bordered)]
    }

    package func narrowed(by prefix: String) -> AllowedPrefixes {
        var narrowed = self
        narrowed.groups.append([bordered(prefix)])
        return narrowed
    }

    package func allows(_ key: ObjectKey) -> Bool {
        groups.allSatisfy { prefixes in
            prefixes.contains { key.text.utf8.count > $0.count && key.text.utf8.starts(with: $0) }
        }
    }
}

private func bordered(_ prefix: String) -> [UInt8] {
    var bytes = Array(normalized(prefix).utf8)
    if bytes.last != UInt8(ascii: "/") { bytes.append(UInt8(ascii: "/")) }
    return bytes
}
