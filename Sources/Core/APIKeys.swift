import Digest
import Encoding
import JSON
import System

/// The callers' API keys: those of `API_KEYS`, which permit everything, and those of `API_KEY_SCOPES_FILE`, each with
/// an id, the endpoints that it may call, and the prefixes that its object keys must have. A request's key is compared
/// with all of them, each in constant time.
package struct APIKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private var keys: [[UInt8]]
    private var scoped: [Scoped] = []

    /// `{"id": "studio", "sha256": "<SHA-256 of the key, in hex>", "prefixes": ["users/"], "endpoints": ["*"]}`
    private struct Scoped {
        let digest: [UInt8]
        let access: Access
    }

    package struct Access: Sendable {
        /// The id of a key with a scope, for the log.
        package let id: String?
        /// The prefixes of object keys; nil permits all keys, and an empty list permits none.
        package let prefixes: [String]?
        /// Names of executables; nil permits all endpoints.
        package let endpoints: [String]?
    }

    package init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
    }

    /// - Parameter values: every X-API-Key header of the request. If there are several, access is denied, because
    ///   parsers disagree about which one applies.
    package func access(forHeaderValues values: [[UInt8]]) -> Access? {
        guard values.count == 1 else { return nil }
        var found: Access?
        for key in keys where equalInConstantTime(key, values[0]) {
            found = Access(id: nil, prefixes: nil, endpoints: nil)
        }
        guard !scoped.isEmpty else { return found }
        let digest = SHA256.digest(values[0])
        for key in scoped where equalInConstantTime(key.digest, digest) { found = found ?? key.access }
        return found
    }

    package var description: String { "APIKeys(\(keys.count + scoped.count))" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    package struct BrokenScopes: Error {
        package let reason: String
    }

    /// The same keys, with the scopes of a file.
    package func with(scopesFile path: String) throws(BrokenScopes) -> APIKeys {
        guard let text = readFile(path) else { throw BrokenScopes(reason: "cannot be read: \(errnoText())") }
        return try with(scopes: text)
    }

    /// - Parameter text: the contents of a scopes file.
    package func with(scopes text: [UInt8]) throws(BrokenScopes) -> APIKeys {
        guard let entries = (try? JSON(text, duplicates: .rejected))?.array else {
            throw BrokenScopes(reason: "is not a JSON array")
        }
        var keys = self
        keys.scoped = []
        for (index, entry) in entries.enumerated() {
            guard let id = entry["id"]?.string, !id.isEmpty,
                let digest = entry["sha256"]?.string.flatMap(sha256),
                let prefixes = entry["prefixes"]?.strings, let endpoints = entry["endpoints"]?.strings,
                !endpoints.isEmpty
            else {
                throw BrokenScopes(reason: "entry \(index) needs id, sha256 (64 hex digits), prefixes and endpoints")
            }
            keys.scoped.append(
                Scoped(
                    digest: digest,
                    access: Access(
                        id: id, prefixes: prefixes, endpoints: endpoints.contains("*") ? nil : endpoints)))
        }
        return keys
    }
}

/// The bytes of a SHA-256 digest in hexadecimal. Nil if it isn't one.
private func sha256(_ text: String) -> [UInt8]? {
    let digits = text.utf8.compactMap(\.hexDigitValue)
    guard digits.count == 64, text.utf8.count == 64 else { return nil }
    return (0..<32).map { digits[2 * $0] << 4 | digits[2 * $0 + 1] }
}
