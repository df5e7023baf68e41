// POST /api/v1/ozon/download: lists the images of Ozon's products, or copies them into the bucket.
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "articles": ["2194435300"], "field"?: "offer_id",
//           "user_id": "u", "download_images"?: true, "presign"?: false, "existing"?: "overwrite"}
//          articles: 1…OZON_MAX_ARTICLES article numbers. field: their kind, which is offer_id, product_id or sku.
//          user_id: 1…128 bytes, one segment of an object key. download_images: true copies each image from Ozon's
//          CDN into the bucket; with false the response lists Ozon's URLs, and the browser downloads and uploads the
//          images itself. presign: true adds a signed upload of each image to such a list, for at most 500 articles
//          unless the response is streamed. existing: "skip" leaves objects that are already in the bucket, so that
//          an interrupted request can be completed by sending it again.
//   out    {"success": true, "data": {"total_articles": 1, "processed": 1, "total_images": 5, "success_images": 5,
//           "failed_images": 0, "items": [
//             {"article": "…", "product_id": 123, "status": "success", …, "urls": ["https://…"]}]}}
//          urls: the public URLs of the copied images, or Ozon's URLs. An image that failed is in the item's errors,
//          [{url, reason, detail?}]. An image whose URL or key is too long is listed there as well, even with
//          download_images false.
//          uploads, with presign: [{url, r2_path, upload_url, public_url, headers}].
//          An article that fails has "status": "failed" and an "error"; the others are not affected.
//          With Accept: application/x-ndjson the response is a stream of lines: start, an item for each article as
//          soon as it is complete, and done (see ItemStream.swift).
//   fails  400 lists every invalid field. 403 means that Ozon denies the credential, or that the keys of this user_id
//          are outside the allowed prefixes. If all calls to Ozon fail, the response has the first one's error.
//   calls  Ozon's /v3/product/info/list, once for every 1000 articles, all at once, each within OZON_TIMEOUT. To copy:
//          Ozon's CDN and R2, at most MAX_TRANSFERS images at once in the process, in up to three attempts of at most
//          IMAGE_TIMEOUT each.

import Core
import Ozon
import R2
import Relay
import Uploads

struct Input: RequestBody {
    let credential: Credential
    let lookup: ProductLookup
    let userID: String
    let downloadsImages: Bool
    let presigns: Bool
    let skipsExisting: Bool
    /// Where images may be stored for this caller; unlimited if nothing is stored or signed.
    let allowedKeys: AllowedPrefixes

    /// The maximum number of articles in a response with signed uploads that isn't streamed.
    private static let maxPresigned = 500

    init(_ fields: Fields, _ tools: DownloadTools) throws(InvalidFields) {
        let credential = fields.object("credential", Credential.init)
        let presignsWithoutStreaming =
            fields.has("presign", true) && fields.has("download_images", false) && !fields.caller.acceptsNDJSON
        let maxArticles = presignsWithoutStreaming ? min(tools.maxArticles, Self.maxPresigned) : tools.maxArticles
        let articles = fields.strings("articles", limit: maxArticles)
        let field = fields.choice("field", ArticleField.allCases.map(\.rawValue), default: "offer_id")
        let userID = fields.text("user_id", maxBytes: 128, isValid: isKeySegment)
        downloadsImages = fields.bool("download_images", default: true)
        presigns = fields.bool("presign", default: false)
        skipsExisting = fields.choice("existing", ["overwrite", "skip"], default: "overwrite") == "skip"
        // A plain list stores and signs nothing, so only the form of its keys is checked.
        allowedKeys = fields.allowedKeys(tools.signing.rules, storesOrSigns: presigns || downloadsImages)
        if let userID, let articles {
            let folders = articles.lazy.map { ImageKeys(userID: userID, article: $0).folder }
            if !folders.allSatisfy(allowedKeys.allows(folder:)) { fields.forbid() }
        }
        let lookup = articles.flatMap { articles in
            ArticleField(rawValue: field).map { ProductLookup(articles, by: $0) }
        }
        (self.credential, self.userID, self.lookup) = try fields.require(credential, userID, lookup)
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<DownloadTools>) async throws -> Output {
    let producer = try await ItemProducer.start(input, context)
    if context.caller.acceptsNDJSON {
        return .stream { writer in
            var stream = ItemStream(writer, articles: input.lookup.articles.count)
            try await stream.begin()
            try await producer.run(into: &stream)
            try await stream.end()
        }
    }
    var items = CollectedItems(count: input.lookup.articles.count)
    try await producer.run(into: &items)
    return .items(items.all)
}

serve("ozon-download", handle)
