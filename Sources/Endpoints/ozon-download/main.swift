// POST /api/v1/ozon/download: article numbers in; out come the URLs of their images (download_images: false: the browser
// downloads and uploads itself), or, the default, the images are copied from Ozon's CDN into the bucket.
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "articles": ["2194435300"], "field"?: "offer_id",
//           "user_id": "u", "download_images"?: true, "presign"?: false, "existing"?: "overwrite"}
//          articles: 1…OZON_MAX_ARTICLES; field: offer_id, product_id or sku; user_id: 1…128 bytes, one segment of a key;
//          existing "skip": what the bucket already holds is left, so that a broken run is resumed by sending it again.
//   out    {"success": true, "data": {"total_articles": 1, "processed": 1, "total_images": 5, "success_images": 5,
//           "failed_images": 0, "items": [{"article": "…", "product_id": 123, "status": "success", …, "urls": ["https://…"]}]}}
//          urls: Ozon's, or, of what was copied, the public ones; one that failed is in the item's errors:
//          [{url, reason, detail?}], and so is, in every mode, an image whose URL or key would be too long.
//          presign: each item also has uploads: [{url, r2_path, upload_url, public_url, headers}] (at most 500 articles
//          unless streamed). An article that fails has "status": "failed", "error"; the others go on.
//          With Accept: application/x-ndjson, the same as lines: start, an item for each article, done; see ItemStream.swift.
//   fails  400 every bad field · 403 Ozon refuses the credential; user_id outside the allowed prefixes · what Ozon's calls
//          failed with, if all of them did
//   calls  Ozon's /v3/product/info/list, one for each 1000 articles, all at once, each at most OZON_TIMEOUT; to copy, the CDN
//          and R2, at most MAX_TRANSFERS images at once in the whole process, IMAGE_TIMEOUT an attempt, three attempts.

import Core
import Ozon
import R2
import Relay

struct Input: RequestBody {
    let credential: Credential
    let lookup: ProductLookup
    let userID: String
    let downloadsImages: Bool
    let presign: Bool
    let skipsExisting: Bool
    /// Where images may be stored for this caller.
    let allowedKeys: AllowedPrefixes

    /// URLs signed at once are answered in one piece only up to this many articles.
    private static let maxPresigned = 500

    init(_ fields: Fields, _ tools: DownloadTools) throws(InvalidFields) {
        let credential = fields.object("credential", Credential.init)
        let isPresignedInOnePiece =
            fields.has("presign", true) && fields.has("download_images", false) && !fields.caller.acceptsNDJSON
        let maxArticles = isPresignedInOnePiece ? min(tools.maxArticles, Self.maxPresigned) : tools.maxArticles
        let articles = fields.strings("articles", limit: maxArticles)
        let field = fields.choice("field", ArticleField.allCases.map(\.rawValue), default: "offer_id")
        let userID = fields.text("user_id", maxBytes: 128, allows: isKeySegment)
        downloadsImages = fields.bool("download_images", default: true)
        presign = fields.bool("presign", default: false)
        skipsExisting = fields.choice("existing", ["overwrite", "skip"], default: "overwrite") == "skip"
        allowedKeys = fields.allowedKeys(tools.signing.rules)
        if presign || downloadsImages, let userID, let articles {
            for article in articles {
                let folder = ImageKeys(userID: userID, article: article).folder
                fields.requireAllowed(folder: folder, tools.signing.rules)
            }
        }
        let lookup = articles.flatMap { articles in
            ArticleField(rawValue: field).map { ProductLookup(articles, by: $0) }
        }
        (self.credential, self.userID, self.lookup) = try fields.require(credential, userID, lookup)
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<DownloadTools>) async throws -> Output {
    let work = Download(input, context)
    return context.acceptsNDJSON ? try await work.lines() : try await work.whole()
}

serve("ozon-download", handle)
