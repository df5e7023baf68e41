import Core

/// The pictures of a push. Nulls and empty strings are ignored, then each URL is checked, then the limits.
///
/// `{"images"?: ["https://…"], "images360"?: ["https://…"], "color_image"?: "https://…", "on_invalid"?: "reject"}`
package struct PictureRequest: Sendable {
    package let images: [Picture]
    package let images360: [Picture]
    package let color: Picture?
    /// The pictures that are not pushed, for the response's `errors`.
    package let notPushed: [FieldFault]

    private static let max360 = 70

    package var isEmpty: Bool { images.isEmpty && images360.isEmpty && color == nil }

    /// Invalid URLs fail the request, unless `on_invalid` is `skip` and a valid picture remains.
    package init(_ fields: Fields, _ rules: PushRules) {
        let skips = fields.has("on_invalid", "skip")

        func accepts(_ name: StaticString, _ index: Int?, _ url: String) -> Bool {
            if !rules.validatesURLs || isPictureURL(url) { return true }
            let fault = FieldFault(field: "\(name)", index: index, url: url, reason: "Invalid URL format")
            if skips { fields.tolerate(fault) } else { fields.fail(fault) }
            return false
        }

        func list(_ name: StaticString, limit: Int) -> [Picture] {
            let pictures = fields.entries(name) { accepts(name, $0, $1) }.map { Picture(index: $0.index, url: $0.text) }
            if pictures.count > limit {
                fields.tolerate(FieldFault(field: "\(name)", reason: "Exceeds limit (\(limit))"))
            }
            return Array(pictures.prefix(limit))
        }

        images = list("images", limit: rules.maxImages)
        switch rules.api {
        case .v1: images360 = list("images360", limit: Self.max360)
        case .v2:
            images360 = []
            if !list("images360", limit: .max).isEmpty {
                fields.tolerate(FieldFault(field: "images360", reason: "Not supported by Ozon since 2026-07-10"))
            }
        }
        color = fields.string("color_image", required: false).flatMap { url in
            url.isEmpty || !accepts("color_image", nil, url) ? nil : Picture(index: nil, url: url)
        }
        // `on_invalid` is used above, but validated here, so that its fault follows those of the pictures.
        _ = fields.choice("on_invalid", ["reject", "skip"], default: "reject")
        if images.isEmpty, images360.isEmpty, color == nil { fields.failIfTolerated() }
        notPushed = fields.toleratedFaults
    }

    /// Warnings about pictures in a format that Ozon does not accept by URL. They are pushed anyway.
    package var warnings: [FieldFault] {
        images.compactMap { $0.formatWarning(in: "images", "Ozon accepts only JPG or PNG by URL") }
            + [
                color?.formatWarning(
                    in: "color_image", "Ozon accepts only JPG by URL", alsoUnsupported: "png")
            ].compactMap(\.self)
    }
}
