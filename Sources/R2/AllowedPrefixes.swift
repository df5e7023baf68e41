import Encoding
/// Where keys may lie. `users/` allows `users/a.jpg` and not `usersx/a.jpg`: a prefix ends at a segment's border.
/// An empty list allows every key; the empty prefix none (a narrowing whose variable came out empty must not open the bucket).
package struct AllowedPrefixes: Sendable {
    /// Every group must allow the key; within a group one prefix is enough.
    private var groups: [[[UInt8]]]

    package init(_ prefixes: [String]) {
        groups = prefixes.isEmpty ? [] : [prefixes.map(bordered)]
    }

    /// The keys that also have one of these prefixes. An empty list leaves none.
    package func narrowed(by prefixes: [String]) -> AllowedPrefixes {
        var narrowed = self
        narrowed.groups.append(prefixes.map(bordered))
        return narrowed
    }

    /// Makes an object key of a text, if these prefixes allow it. An endpoint takes the prefixes of its caller from
    /// `Fields` and makes none itself.
    package func key(_ text: String) throws(KeyRefusal) -> ObjectKey {
        let key: ObjectKey
        do throws(ObjectKey.Invalid) { key = try ObjectKey(text) } catch { throw .invalid(error.reason) }
        guard allows(key) else { throw .notAllowed(path: key.text) }
        return key
    }

    func allows(_ key: ObjectKey) -> Bool {
        groups.allSatisfy { prefixes in
            prefixes.contains { key.text.utf8.count > $0.count && key.text.utf8.starts(with: $0) }
        }
    }

    /// Whether the objects that lie directly in this folder are allowed, whatever their names and however long it is.
    /// - Parameter folder: ends with `/`.
    package func allows(folder: String) -> Bool {
        let folder = normalized(folder)
        return groups.allSatisfy { prefixes in prefixes.contains { folder.utf8.starts(with: $0) } }
    }
}

/// Why a text is no object key.
package enum KeyRefusal: Error, Sendable, Equatable {
    /// `contains an empty segment`
    case invalid(String)
    /// - Parameter path: brought to NFC.
    case notAllowed(path: String)

    /// For people.
    package var reason: String {
        switch self {
        case .invalid(let reason): "Invalid path: \(reason)"
        case .notAllowed: "Path not allowed"
        }
    }
}

private func bordered(_ prefix: String) -> [UInt8] {
    var bytes = Array(normalized(prefix).utf8)
    if bytes.last != .slash { bytes.append(.slash) }
    return bytes
}
