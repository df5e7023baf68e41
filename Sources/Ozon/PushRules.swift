import Core

/// How pushes are checked and sent: `OZON_PUSH_TIMEOUT` `OZON_PUSH_MAX_RETRIES` `OZON_PUSH_VALIDATE_URLS`
/// `OZON_MAX_IMAGES` `OZON_PICTURES_API` `OZON_PICTURES_PATH`.
package struct PushRules: Sendable {
    package enum API: Sendable {
        /// Keyed by offer_id, answers a task.
        case v2
        /// The shape of the first design: one call keyed by product_id, with images360. Switched off by Ozon on 2026-10-01.
        case v1
    }

    package let timeout: Duration
    package let retries: Int
    package let validatesURLs: Bool
    package let maxImages: Int
    package let api: API
    package let v1Path: String

    package init(_ settings: inout Settings) {
        timeout = .seconds(settings.integer("OZON_PUSH_TIMEOUT", default: 30, in: 1...600))
        retries = settings.integer("OZON_PUSH_MAX_RETRIES", default: 2, in: 0...10)
        validatesURLs = settings.bool("OZON_PUSH_VALIDATE_URLS", default: true)
        maxImages = settings.integer("OZON_MAX_IMAGES", default: 30, in: 1...1000)
        switch settings.optional("OZON_PICTURES_API") {
        case nil, "v2": api = .v2
        case "v1": api = .v1
        default:
            api = .v2
            settings.fail("OZON_PICTURES_API", "must be v1 or v2")
        }
        v1Path = settings.optional("OZON_PICTURES_PATH") ?? "/v1/product/pictures/import"
        if v1Path.utf8.first != UInt8(ascii: "/") || !isHeaderSafe(v1Path) {
            settings.fail("OZON_PICTURES_PATH", "must be a path, beginning with /")
        }
    }
}

/// What the push endpoints hold.
package struct Pushing: Tools {
    package let seller: Seller
    package let rules: PushRules

    package init?(_ settings: inout Settings) {
        rules = PushRules(&settings)
        guard let seller = settings.seller() else { return nil }
        self.seller = seller
    }
}
