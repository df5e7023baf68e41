import Digest
import HTTP
import R2

/// The callers' keys: those of `API_KEYS`, which may do everything, and those of `API_KEY_SCOPES_FILE`, each with an id, the
/// endpoints it may call and the prefixes its object keys must lie under. Compared in constant time, and all of them always.
package struct APIKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private var keys: [[UInt8]]
    private var scoped: [Scoped] = []

    /// `{"id": "studio", "sha256": "<hex of the key>", "prefixes": ["users/"], "endpoints": ["*"]}`
    private struct Scoped {
        let id: String
        let digest: [UInt8]
        let access: Access
    }

    /// What a key opens.
    package struct Access: Sendable {
        /// The id of a scoped key, for the log.
        package let id: String?
        /// nil: everywhere. A scope without prefixes opens none.
        package let prefixes: AllowedPrefixes?
        /// Names of executables; nil: all.
        package let endpoints: [String]?
    }

    package init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
    }

    /// - Parameter values: every X-API-Key of the request. Two of them are none: which one counts would depend on the reader.
    package func access(_ values: [[UInt8]]) -> Access? {
        guard values.count == 1 else { return nil }
        var found: Access?
        for key in keys where equalInConstantTime(key, values[0]) {
            found = Access(id: nil, prefixes: nil, endpoints: nil)
        }
        guard !scoped.isEmpty else { return found }
        var digest: [UInt8] = []
        digest.append(hex: SHA256.digest(values[0]))
        for key in scoped where equalInConstantTime(key.digest, digest) { found = found ?? key.access }
        return found
    }

    package var description: String { "APIKeys(\(keys.count + scoped.count))" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Why a file of scopes can't be used.
    package struct BrokenScopes: Error {
        package let reason: String
    }

    /// The same keys with the scoped ones of a file's text.
    package func with(scopes text: [UInt8]) throws(BrokenScopes) -> APIKeys {
        guard let entries = (try? JSON(text, duplicates: .refused))?.array else {
            throw BrokenScopes(reason: "is no JSON array")
        }
        var keys = self
        keys.scoped = []
        for (index, entry) in entries.enumerated() {
            guard let id = entry["id"]?.string, !id.isEmpty,
                let digest = entry["sha256"]?.string?.lowercased(), isSHA256(digest),
                let prefixes = strings(entry["prefixes"]), let endpoints = strings(entry["endpoints"]),
                !endpoints.isEmpty
            else {
                throw BrokenScopes(reason: "entry \(index) needs id, sha256 (64 hex digits), prefixes and endpoints")
            }
            keys.scoped.append(
                Scoped(
                    id: id, digest: Array(digest.utf8),
                    access: Access(
                        id: id, prefixes: AllowedPrefixes(prefixes.isEmpty ? [""] : prefixes),
                        endpoints: endpoints.contains("*") ? nil : endpoints)))
        }
        return keys
    }
}

private func isSHA256(_ text: String) -> Bool {
    text.utf8.count == 64 && text.allSatisfy(\.isHexDigit)
}

private func strings(_ json: JSON?) -> [String]? {
    guard let elements = json?.array else { return nil }
    let texts = elements.compactMap(\.string)
    return texts.count == elements.count ? texts : nil
}

extension Settings {
    /// `API_KEYS`: comma-separated, so that an old key and its successor hold side by side; `API_KEY_SCOPES_FILE`.
    package mutating func apiKeys() -> APIKeys? {
        let scopes = optional("API_KEY_SCOPES_FILE")
        let hasKeys = hasSecret("API_KEYS")
        guard let text = scopes == nil || hasKeys ? secret("API_KEYS") : "" else { return nil }
        let list = split(text)
        if list.isEmpty, scopes == nil { fail("API_KEYS", "is missing") }
        for key in list where !isHeaderSafe(key) {
            fail("API_KEYS", "may hold printable ASCII without spaces only")
            break
        }
        let keys = APIKeys(list)
        guard let scopes else { return keys }
        do throws(APIKeys.BrokenScopes) {
            return try keys.with(scopesFile: scopes)
        } catch {
            fail("API_KEY_SCOPES_FILE", error.reason)
            return nil
        }
    }
}

extension APIKeys {
    package func with(scopesFile path: String) throws(BrokenScopes) -> APIKeys {
        guard let text = contents(of: path) else { throw BrokenScopes(reason: "cannot be read: \(path)") }
        return try with(scopes: text)
    }
}
