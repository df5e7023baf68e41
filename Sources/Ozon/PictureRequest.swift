import Encoding
import Core

/// One picture as a caller sent it.
package struct Picture: Sendable, Equatable {
    /// Its place in the caller's list; nil for `color_image`.
    package let index: Int?
    package let url: String
}

/// The pictures of a push, checked in this order: nulls and empty strings left out, each URL looked at, then the limits.
///
/// `{"images"?: ["https://…"], "images360"?: ["https://…"], "color_image"?: "https://…", "on_invalid"?: "reject"}`
package struct PictureRequest: Sendable {
    package let images: [Picture]
    package let images360: [Picture]
    package let color: Picture?
    /// What is left out of the push and reported in its answer.
    package let reports: [FieldFault]

    package static let unsupported360 = "Not supported by Ozon since 2026-07-10"
    private static let max360 = 70

    package var isEmpty: Bool { images.isEmpty && images360.isEmpty && color == nil }

    /// Faults are noted in `fields`, unless `on_invalid` is `skip` and something is left to push.
    package init(_ fields: Fields, _ rules: PushRules) {
        let skips = fields.has("on_invalid", "skip")

        func accepts(_ name: StaticString, _ index: Int?, _ url: String) -> Bool {
            if !rules.validatesURLs || isPictureURL(url) { return true }
            let fault = FieldFault(field: "\(name)", index: index, url: url, reason: "Invalid URL format")
            if skips { fields.warn(fault) } else { fields.fail(fault) }
            return false
        }

        func list(_ name: StaticString, limit: Int) -> [Picture] {
            let pictures = fields.entries(name) { accepts(name, $0, $1) }.map { Picture(index: $0.index, url: $0.text) }
            if pictures.count > limit {
                fields.warn(FieldFault(field: "\(name)", reason: "Exceeds limit (\(limit))"))
            }
            return Array(pictures.prefix(limit))
        }

        images = list("images", limit: rules.maxImages)
        switch rules.api {
        case .v1: images360 = list("images360", limit: Self.max360)
        case .v2:
            images360 = []
            if !list("images360", limit: .max).isEmpty {
                fields.warn(FieldFault(field: "images360", reason: Self.unsupported360))
            }
        }
        color = fields.string("color_image", required: false).flatMap { url in
            url.isEmpty || !accepts("color_image", nil, url) ? nil : Picture(index: nil, url: url)
        }
        // Only validated here, so that its fault follows those of the pictures, which need its value.
        _ = fields.choice("on_invalid", ["reject", "skip"], default: "reject")
        if images.isEmpty, images360.isEmpty, color == nil {
            // Every picture that was sent is invalid.
            fields.failWarnings()
        }
        reports = fields.warnings
    }
}

extension PictureRequest {
    /// Pictures in a format that Ozon's documents don't take by link, told by the extension of the URL's path. They are
    /// pushed all the same.
    package var warnings: [FieldFault] {
        let color = color.map { [$0] } ?? []
        return images.compactMap { $0.warning("images", "Ozon takes JPG or PNG by link") }
            + color.compactMap { $0.warning("color_image", "Ozon takes JPG by link", orIf: "png") }
    }
}

extension Picture {
    private static let unsupported = ["webp", "heic", "heif", "avif", "gif", "bmp", "tif", "tiff", "svg"]

    fileprivate func warning(_ field: String, _ reason: String, orIf other: String? = nil) -> FieldFault? {
        let path = url.utf8.prefix { $0 != .questionMark && $0 != .numberSign }
        // Scheme, host, and what follows.
        let parts = path.split(separator: .slash)
        guard parts.count > 2, let name = parts.last, let dot = name.lastIndex(of: .dot) else {
            return nil
        }
        let format = String(Substring(name[name.index(after: dot)...])).lowercased()
        guard Self.unsupported.contains(format) || format == other else { return nil }
        return FieldFault(field: field, index: index, url: url, reason: reason)
    }
}

/// http or https, with a host, printable ASCII without spaces, at most 2048 bytes.
package func isPictureURL(_ url: String) -> Bool {
    url.utf8.count <= 2048 && isHeaderSafe(url) && isWebURL(url)
}

/// Whether a URL is http or https and has a host.
package func isWebURL(_ url: String) -> Bool {
    let parts = URLReference(url)
    guard parts.scheme == "http" || parts.scheme == "https", let authority = parts.authority else { return false }
    // Browsers treat a backslash as a slash.
    let host = authority.utf8.prefix { $0 != .backslash }.split(separator: .atSign, omittingEmptySubsequences: false).last!
    return !host.isEmpty && host.first != .colon
}
