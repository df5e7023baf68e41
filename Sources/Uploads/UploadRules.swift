import R2

/// What an upload may be.
package struct UploadRules: Sendable {
    package let prefixes: AllowedPrefixes
    /// As `storedMediaType` returns them. HTML and SVG are not among the defaults, because they could run scripts on the public
    /// domain.
    package let types: [String]
    /// Every upload must have a media type.
    package let requiresType: Bool
    package let maxBytes: Int

    package init(prefixes: AllowedPrefixes, types: [String], requiresType: Bool, maxBytes: Int) {
        self.prefixes = prefixes
        self.types = types
        self.requiresType = requiresType
        self.maxBytes = maxBytes
    }

    /// The allowed type that a caller's media type stands for, as it is signed and stored: case and parameters are ignored, and
    /// `image/jpg` is `image/jpeg`. Nil if it isn't allowed.
    package func allowedType(_ text: String) -> String? {
        storedMediaType(text).flatMap { types.contains($0) ? $0 : nil }
    }
}
