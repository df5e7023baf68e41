/// What an upload may be: the rules of R2_ALLOWED_PREFIXES, R2_ALLOWED_TYPES, R2_REQUIRE_TYPE and MAX_UPLOAD_BYTES.
package struct UploadRules: Sendable {
    package let prefixes: AllowedPrefixes
    /// `image/jpeg`, …: html or svg on the public domain would be a script.
    package let types: [String]
    package let requiresType: Bool
    package let maxBytes: Int

    package init(prefixes: AllowedPrefixes, types: [String], requiresType: Bool, maxBytes: Int) {
        self.prefixes = prefixes
        self.types = types
        self.requiresType = requiresType
        self.maxBytes = maxBytes
    }
}
