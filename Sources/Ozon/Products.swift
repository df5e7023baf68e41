import Core
import HTTPClient
import JSON
import Upstreams

/// A seller's product, as far as its images are concerned.
package struct Product: Sendable {
    package let id: Int
    /// As on the site: the main picture first, each once.
    package let images: [String]

    package init(_ row: ResponseValue) throws(Fault) {
        id = try row.id("id")
        images = distinct(try row.urls("primary_image") + row.urls("images"))
    }
}

/// A product that is about to get new pictures.
struct PushedProduct {
    let id: Int
    let offerID: String
    let images: [String]
    let colorImages: [String]
    /// False: archived, or not yet created. Ozon takes no pictures for it.
    let takesPictures: Bool

    init(_ row: ResponseValue) throws(Fault) {
        id = try row.id("id")
        offerID = try row.string("offer_id")
        // What the caller leaves out is sent back to Ozon as it is read here.
        images = distinct(try row.webURLs("primary_image") + row.webURLs("images"))
        colorImages = distinct(try row.webURLs("color_image"))
        let isArchived = try row.bool(ifAny: "is_archived") ?? false
        let isCreated = try row.object(ifAny: "statuses")?.bool(ifAny: "is_created") ?? true
        takesPictures = !isArchived && isCreated
    }
}

/// What kind of id an article number is.
package enum ArticleField: String, Sendable, CaseIterable {
    case offerID = "offer_id"
    case productID = "product_id"
    case sku
}

/// An article number in the one form in which the caller's and Ozon's are compared: a number in its plain spelling
/// (`007` is 7), an offer_id byte by byte. (Swift's strings compare two spellings of `é` as equal.)
package struct ArticleID: Hashable, Sendable {
    package let text: String

    /// nil: no id of that kind.
    package init?(_ text: String, as field: ArticleField) {
        guard field != .offerID else {
            self.text = text
            return
        }
        guard let number = positiveInteger(text) else { return nil }
        self.text = String(number)
    }

    init(_ number: Int) { text = String(number) }
    init(offerID: String) { text = offerID }

    package static func == (a: ArticleID, b: ArticleID) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// The rows of a product list, each under every id of the kind that was asked for.
package struct ProductList: Sendable {
    private var rows: [ArticleID: ResponseValue] = [:]
    /// What is wrong with a row whose id can't be read: any article without a row of its own may be that one.
    private var unidentified: Fault?

    init(_ answer: ResponseValue, by field: ArticleField) throws(Fault) {
        for row in try answer.list("items") {
            for id in ids(of: row, field) { rows[id] = row }
        }
    }

    /// - Throws: 404 if Ozon has no such product, 502 if its answer can't be understood.
    package func row(of article: ArticleID) throws(Fault) -> ResponseValue {
        if let row = rows[article] { return row }
        throw unidentified ?? Fault(.productNotFound)
    }

    /// Those that can be read. A product that is sold in several ways has several SKUs.
    private mutating func ids(of row: ResponseValue, _ field: ArticleField) -> [ArticleID] {
        var fault: Fault?
        func readable<Value>(_ read: () throws(Fault) -> Value?) -> Value? {
            do throws(Fault) { return try read() } catch {
                fault = fault ?? error
                return nil
            }
        }
        let ids: [ArticleID?]
        switch field {
        case .offerID: ids = [readable { () throws(Fault) in ArticleID(offerID: try row.string("offer_id")) }]
        case .productID: ids = [readable { () throws(Fault) in ArticleID(try row.id("id")) }]
        case .sku:
            let sources = readable { () throws(Fault) in try row.list(ifAny: "sources") } ?? []
            let skus = ([row] + sources).compactMap { value in
                readable { () throws(Fault) in try value.id(ifAny: "sku") }
            }
            ids =
                skus.isEmpty
                ? [readable { () throws(Fault) in ArticleID(try row.id("sku")) }] : skus.map { ArticleID($0) }
        }
        unidentified = unidentified ?? fault
        return ids.compactMap(\.self)
    }
}

extension Seller {
    /// Ozon's cap on the ids of one call.
    package static let maxArticles = 1000

    /// `POST /v3/product/info/list`: at most `maxArticles` articles in one call. An unknown article is absent from the
    /// answer; the order isn't promised.
    package func products(
        _ articles: [String], by field: ArticleField, as credential: Credential, within retry: Retry
    ) async throws -> ProductList {
        let body: @Sendable () -> [UInt8] = {
            var body = JSONWriter(capacity: articles.count * 16)
            body.object { $0.member(named: field.rawValue, articles) }
            return body.bytes
        }
        let answer = try await call("/v3/product/info/list", made: body, as: credential, within: retry)
        return try ProductList(answer, by: field)
    }
}

/// In order, each once, compared by bytes.
func distinct(_ urls: [String]) -> [String] {
    var seen: Set<[UInt8]> = []
    return urls.filter { seen.insert(Array($0.utf8)).inserted }
}
