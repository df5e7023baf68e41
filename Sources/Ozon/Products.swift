import Core
import HTTPClient

/// A seller's product, as far as pictures are concerned.
package struct Product: Sendable {
    package let id: Int
    package let offerID: String
    package let sku: Int?
    /// As on the site: the main picture first, each once.
    package let images: [String]
    package let colorImage: String?
    /// False: archived, or not yet created. Ozon takes no pictures for it.
    package let takesPictures: Bool

    /// nil: no product, or one without its id.
    init?(_ json: JSON) {
        guard let id = number(json["id"]), let offerID = json["offer_id"]?.string else { return nil }
        self.id = id
        self.offerID = offerID
        sku = number(json["sku"])
        images = distinct(strings(json["primary_image"]) + strings(json["images"]))
        colorImage = strings(json["color_image"]).first
        takesPictures = json["is_archived"]?.bool != true && json["statuses"]?["is_created"]?.bool != false
    }
}

/// What kind of id an article number is.
package enum ArticleField: String, Sendable, CaseIterable {
    case offerID = "offer_id"
    case productID = "product_id"
    case sku
}

extension Seller {
    /// Ozon's cap on the ids of one call.
    package static let maxArticles = 1000

    /// `POST /v3/product/info/list`: at most `maxArticles` articles in one call. An unknown article is absent from the
    /// answer; the order isn't promised.
    package func products(
        _ articles: [String], by field: ArticleField, as credential: Credential, within retry: Retry
    ) async throws -> [Product] {
        let body: @Sendable () -> [UInt8] = {
            var body = JSONWriter(capacity: articles.count * 16)
            body.object { $0.member(named: field.rawValue, articles) }
            return body.bytes
        }
        let json = try await call("/v3/product/info/list", made: body, as: credential, within: retry)
        guard let items = json["items"]?.array else {
            throw Fault(.ozonBadAnswer, detail: "The answer has no items")
        }
        return items.compactMap { Product($0) }
    }
}

/// Ids come as numbers; some methods write them as strings.
func number(_ json: JSON?) -> Int? {
    json?.integer ?? json?.string.flatMap(positiveInteger)
}

/// In order, each once, compared by bytes.
func distinct(_ urls: [String]) -> [String] {
    var seen: Set<[UInt8]> = []
    return urls.filter { seen.insert(Array($0.utf8)).inserted }
}

/// A list of URLs; some methods give one as a plain string.
func strings(_ json: JSON?) -> [String] {
    (json?.array?.compactMap(\.string) ?? json?.string.map { [$0] } ?? []).filter { !$0.isEmpty }
}
