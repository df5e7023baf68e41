import Core
import Encoding

/// One picture of a request.
package struct Picture: Sendable, Equatable {
    /// The index in the request's list; nil for `color_image`.
    package let index: Int?
    package let url: String

    private static let unsupportedFormats = [
        "webp", "heic", "heif", "avif", "gif", "bmp", "tif", "tiff", "svg", "jxl", "jp2", "ico", "psd",
    ]

    /// - Parameter other: a file extension that is unsupported in this field, in addition to those above.
    /// - Returns: a warning if the extension of the URL's path is a format that Ozon doesn't accept by URL.
    func formatWarning(in field: String, _ reason: String, alsoUnsupported other: String? = nil) -> FieldFault? {
        let name = URLReference(url).path.utf8.split(separator: .slash).last
        guard let name, let dot = name.lastIndex(of: .dot) else { return nil }
        let found = String(Substring(name[name.index(after: dot)...])).lowercased()
        guard Self.unsupportedFormats.contains(found) || found == other else { return nil }
        return FieldFault(field: field, index: index, url: url, reason: reason)
    }
}
