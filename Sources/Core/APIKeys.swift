import Digest

/// The callers' keys, `API_KEYS`. Each is compared in constant time, and all of them always.
package struct APIKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private let keys: [[UInt8]]

    package init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
    }

    /// - Parameter values: every X-API-Key of the request. Two of them are none: which one counts would depend on the reader.
    package func accept(_ values: [[UInt8]]) -> Bool {
        guard values.count == 1 else { return false }
        var found = false
        for key in keys where equalInConstantTime(key, values[0]) { found = true }
        return found
    }

    package var description: String { "APIKeys(\(keys.count))" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Settings {
    /// `API_KEYS`: comma-separated, so that an old key and its successor hold side by side.
    package mutating func apiKeys() -> APIKeys? {
        guard let text = secret("API_KEYS") else { return nil }
        let keys = split(text)
        if keys.isEmpty { fail("API_KEYS", "is missing") }
        for key in keys where !isHeaderSafe(key) {
            fail("API_KEYS", "may hold printable ASCII without spaces only")
            break
        }
        return APIKeys(keys)
    }
}
