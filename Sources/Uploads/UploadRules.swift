import R2

/// The limits on uploads that the settings impose.
package struct UploadRules: Sendable {
    package let prefixes: AllowedPrefixes
    /// Media types from `storedMediaType`. HTML and SVG are not among the defaults, because they could run scripts on
    /// the public domain.
    package let types: [String]
    package let requiresType: Bool
    package let maxBytes: Int

    package init(prefixes: AllowedPrefixes, types: [String], requiresType: Bool, maxBytes: Int) {
        self.prefixes = prefixes
        self.types = types
        self.requiresType = requiresType
        self.maxBytes = maxBytes
    }

    /// The form in which a caller's media type is signed and stored, or nil if it isn't allowed. Case and parameters
    /// are ignored, and `image/jpg` becomes `image/jpeg`.
    package func allowedType(_ text: String) -> String? {
        storedMediaType(text).flatMap { types.contains($0) ? $0 : nil }
    }
}
