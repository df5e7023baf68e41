import Core
import Encoding

/// The settings of pushes.
package struct PushRules: Sendable {
    package enum API: String, Sendable, CaseIterable {
        /// Keyed by offer_id. Ozon works on it in a task.
        case v2
        /// One synchronous call, keyed by product_id, with images360. Ozon switched it off on 2026-10-01. It is kept
        /// for installations whose OZON_API_URL still offers it.
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
            "OZON_PUSH_MAX_RETRIES", default: 2, in: 0...10, "The maximum number of retries of each call of a push.")
        validatesURLs = settings.bool(
            "OZON_PUSH_VALIDATE_URLS", default: true, "Whether the URLs of pictures are checked before they are pushed."
        )
        maxImages = settings.integer(
            "OZON_MAX_IMAGES", default: 30, in: 1...1000, "The maximum number of images per push.")
        api = settings.choice(
            "OZON_PICTURES_API", default: API.v2,
            "The version of Ozon's pictures API; v1 is the one before 2026-10-01, with images360.")
        v1Path = settings.string(
            "OZON_PICTURES_PATH", default: "/v1/product/pictures/import", "The path of the pictures API in version v1.")
        if v1Path.utf8.first != .slash || !isHeaderSafe(v1Path) {
            settings.fail("OZON_PICTURES_PATH", "must be a path, beginning with /")
        }
    }
}
