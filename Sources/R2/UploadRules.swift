/// What an upload may be: the rules of R2_ALLOWED_PREFIXES, R2_ALLOWED_TYPES, R2_REQUIRE_TYPE and MAX_UPLOAD_BYTES.
package struct UploadRules: Sendable {
    package let prefixes: AllowedPrefixes
    /// As `storedMediaType` spells them. HTML or SVG on the public domain would be a script.
    package let types: [String]
    package let requiresType: Bool
    package let maxBytes: Int

    package init(prefixes: AllowedPrefixes, types: [String], requiresType: Bool, maxBytes: Int) {
        self.prefixes = prefixes
        self.types = types
        self.requiresType = requiresType
        self.maxBytes = maxBytes
    }

    /// The allowed type that a caller names, in the spelling it is signed and stored with: case and parameters don't
    /// count, and `image/jpg` is `image/jpeg`. nil: it isn't allowed.
    package func allowedType(_ text: String) -> String? {
        storedMediaType(text).flatMap { types.contains($0) ? $0 : nil }
    }
}
