import Encoding
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
        timeout = settings.seconds(
            "OZON_PUSH_TIMEOUT", default: 30, in: 1...600, "How many seconds a whole push may take.")
        retries = settings.integer(
            "OZON_PUSH_MAX_RETRIES", default: 2, in: 0...10, "How often each call of a push is retried.")
        validatesURLs = settings.bool(
            "OZON_PUSH_VALIDATE_URLS", default: true, "Whether the URLs of pictures are checked before they are pushed.")
        maxImages = settings.integer("OZON_MAX_IMAGES", default: 30, in: 1...1000, "The most images of one push.")
        let version = settings.choice(
            "OZON_PICTURES_API", ["v2", "v1"], default: "v2",
            "The version of Ozon's pictures API; v1 is the one before 2026-10-01, with images360.")
        api = version == "v1" ? .v1 : .v2
        v1Path = settings.string(
            "OZON_PICTURES_PATH", default: "/v1/product/pictures/import", "The path of the pictures API in version v1.")
        if v1Path.utf8.first != .slash || !isHeaderSafe(v1Path) {
            settings.fail("OZON_PICTURES_PATH", "must be a path, beginning with /")
        }
    }
}

/// The tools of the endpoints that push.
package struct PushTools: Tools {
    package let seller: Seller
    package let rules: PushRules

    package init?(_ settings: inout Settings) {
        rules = PushRules(&settings)
        guard let seller = settings.seller() else { return nil }
        self.seller = seller
    }
}
