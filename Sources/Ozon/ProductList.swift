import Core
import JSON
import Telemetry
import Upstreams

/// The rows of a product list by id. A row is stored under each of its ids of the requested kind.
package struct ProductList: Sendable {
    private var rows: [ArticleID: [ResponseValue]] = [:]
    /// The fault of a row whose id can't be read. Any article without a row may be that product.
    private var unidentified: Fault?

    init(_ response: ResponseValue, by field: ArticleField) throws(Fault) {
        for row in try response.list("items") {
            for id in Set(ids(of: row, field)) { rows[id, default: []].append(row) }
        }
    }

    /// The product of an article. If several rows have its id, as for a product that is requested by two of its SKUs,
    /// all of them must describe the same product.
    /// - Throws: 404 if Ozon has no such product, 502 if its response can't be understood.
    package func product<Value: Equatable>(
        of article: ArticleID, _ read: (ResponseValue) throws(Fault) -> Value
    ) throws(Fault) -> Value {
        guard let rows = rows[article] else { throw unidentified ?? Fault(.productNotFound) }
        let first = try read(rows[0])
        for row in rows.dropFirst() where try read(row) != first {
            throw Fault(.ozonBadAnswer, detail: "items has \(rows.count) different rows for one product")
        }
        return first
    }

    /// The row's ids that can be read. A product that is sold in several ways has several SKUs.
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
    /// The maximum number of ids that Ozon accepts in one call.
    package static let maxArticlesPerCall = 1000
    /// 1000 products with 50 pictures each take less than 10 MB.
    private static let maxListBytes = 16 << 20

    /// `POST /v3/product/info/list`. The response omits unknown articles and has no fixed order.
    /// - Parameter articles: at most `maxArticlesPerCall`.
    package func products(
        _ articles: [String], by field: ArticleField, as credential: Credential, within budget: RetryBudget
    ) async throws -> ProductList {
        let response = try await post(
            "/v3/product/info/list", as: credential, within: budget, maxResponseBytes: Self.maxListBytes
        ) { json in
            json.object { $0.member(named: field.rawValue, articles) }
        }
        return try ProductList(response, by: field)
    }
}
