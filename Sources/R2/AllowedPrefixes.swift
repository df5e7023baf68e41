import Encoding

/// The prefixes that object keys may have. They match whole segments: `users` allows `users/a.jpg`, not `usersx/a.jpg`.
/// Neither an empty list nor an empty prefix allows any key, so an empty `R2_PREFIX` from nginx does not open the
/// bucket.
package struct AllowedPrefixes: Sendable {
    /// A key must have one prefix of every group.
    private var groups: [[[UInt8]]]

    private init(groups: [[[UInt8]]]) {
        self.groups = groups
    }

    package init(_ prefixes: [String]) {
        self.init(groups: [prefixes.map(slashTerminated)])
    }

    /// Allows every key.
    package static let all = AllowedPrefixes(groups: [])

    /// Allows only the keys that also have one of the given prefixes.
    package func narrowed(by prefixes: [String]) -> AllowedPrefixes {
        var narrowed = self
        narrowed.groups.append(prefixes.map(slashTerminated))
        return narrowed
    }

    /// The object key in a string. Endpoints get their caller's prefixes from `Fields.allowedKeys`.
    /// - Throws: if the string is not a valid key, or if these prefixes don't allow it.
    package func key(_ text: String) throws(ObjectKeyError) -> ObjectKey {
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

    /// Whether all objects directly inside a folder are allowed.
    /// - Parameter folder: ends with `/`.
    package func allows(folder: String) -> Bool {
        let folder = normalizedToNFC(folder)
        return groups.allSatisfy { prefixes in prefixes.contains { folder.utf8.starts(with: $0) } }
    }
}

private func slashTerminated(_ prefix: String) -> [UInt8] {
    var bytes = Array(normalizedToNFC(prefix).utf8)
    if bytes.last != .slash { bytes.append(.slash) }
    return bytes
}
