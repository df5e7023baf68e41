import Foundation
import TestSupport
import Testing

@testable import Core
@testable import HTTPClient
@testable import Ozon
@testable import Telemetry
@testable import Upstreams

private func list(_ items: String, by field: ArticleField) throws -> ProductList {
    try ProductList(try response(#"{"items": [\#(items)]}"#), by: field)
}

private func id(_ text: String, _ field: ArticleField) throws -> ArticleID {
    try #require(ArticleID(text, as: field))
}

private func productID(_ text: String, in list: ProductList, _ field: ArticleField) throws -> Int {
    try list.product(of: id(text, field)) { row throws(Fault) in try row.id("id") }
}

@Suite struct ProductsTests {
    @Test func `The primary image comes first and then the others, each once`() throws {
        let cases = [
            (#""primary_image": ["p"], "images": ["a", "b"]"#, ["p", "a", "b"]),
            (#""primary_image": ["p"], "images": ["a", "p", "b", "a"]"#, ["p", "a", "b"]),
            (#""primary_image": "p", "images": "a""#, ["p", "a"]),
            (#""primary_image": "", "images": ["", "a"]"#, ["a"]),
            (#""primary_image": [], "images": ["a"]"#, ["a"]),
            (#""primary_image": [], "images": []"#, []),
            (#""primary_image": [], "images": ["e\u0301", "\u00e9"]"#, ["e\u{301}", "\u{E9}"]),
        ]
        for (members, expected) in cases {
            let product = try Product(try response("{\"id\": 1, \(members)}"))
            #expect(product.images.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(members)")
        }
    }

    @Test func `A product has at most 1000 pictures, and one for a push 100 short http and https URLs`() throws {
        func row(_ count: Int, _ url: String = "https://h/p") throws -> ResponseValue {
            let urls = (0..<count).map { #""https://h/\#($0)""# }.joined(separator: ",")
            return try response(
                #"{"id": 1, "offer_id": "A", "primary_image": "", "images": [\#(urls)], "color_image": "\#(url)"}"#)
        }
        #expect(try Product(row(1000)).images.count == 1000)
        let fault = #expect(throws: Fault.self) { try Product(row(1001)) }
        #expect(fault?.code == .ozonBadAnswer)
        #expect(fault?.detail == "/v1/x: images is a list, expected a list of at most 1000 URLs")
        #expect(try PushedProduct(row(100)).images.count == 100)
        for url in ["", "https://h/" + String(repeating: "a", count: 4087)] {
            let fault = #expect(throws: Fault.self) { try PushedProduct(row(url.isEmpty ? 101 : 1, url)) }
            #expect(fault?.detail?.hasSuffix("expected at most 100 URLs of at most 4096 bytes") == true)
        }
        #expect(try PushedProduct(row(2, "HTTP://h/é")).colorImages == ["HTTP://h/é"])
        for url in ["p", "//h/p", "ftp://h/p", "javascript:x", "https://", "https:///p"] {
            let fault = #expect(throws: Fault.self) { try PushedProduct(row(2, url)) }
            #expect(fault?.detail == "/v1/x: color_image is \"\(url)\", expected http(s) URLs only")
        }
    }

    @Test func `A row is found by the requested ID in its normal form`() throws {
        let row =
            #"{"id": "123", "offer_id": "007", "sku": 456, "sources": [{"sku": 457}, {"sku": "0458"}, {"sku": 0}]}"#
        for (text, field) in [
            ("123", .productID), ("0123", .productID), ("007", .offerID), ("456", .sku), ("457", .sku), ("458", .sku),
            ("0000458", .sku),
        ] as [(String, ArticleField)] {
            #expect(try productID(text, in: list("7," + row, by: field), field) == 123, "\(text)")
        }
        #expect(throws: Fault.self) { try productID("7", in: list(row, by: .offerID), .offerID) }
        for text in ["", "0", "-1", "1.5", "+1", " 1", "99999999999999999999", "x"] {
            #expect(ArticleID(text, as: .sku) == nil && ArticleID(text, as: .productID) == nil, "\(text)")
        }
        let (composed, decomposed) = (try id("\u{E9}", .offerID), try id("e\u{301}", .offerID))
        #expect(composed != decomposed, "IDs compare as bytes, not as graphemes")
    }

    @Test func `A repeated member is invalid if it is read`() throws {
        let row = #""id": 1, "offer_id": "A", "primary_image": "", "color_image": "", "images": []"#
        for (items, detail) in [
            (#""items": [{\#(row), "images": ["https://h/a"]}]"#, "items[0].images is repeated"),
            (#""items": [{"im\u0061ges": "https://h/a", \#(row)}]"#, "items[0].images is repeated"),
            (#""items": [], "items": [{\#(row)}]"#, "items is repeated"),
        ] {
            let fault = #expect(throws: Fault.self) {
                let list = try ProductList(try response("{\(items)}"), by: .offerID)
                _ = try list.product(of: id("A", .offerID), PushedProduct.init)
            }
            #expect(fault?.code == .ozonBadAnswer && fault?.detail == "/v1/x: \(detail)")
        }
        #expect(try productID("A", in: list(#"{\#(row), "x": 1, "x": 2}"#, by: .offerID), .offerID) == 1)
    }

    @Test func `An article without a row is not found, unless the ID of some row is invalid`() throws {
        let rows: [(row: String, field: ArticleField, kind: ErrorCode)] = [
            (#"{"id": 1, "offer_id": "A", "sku": 2}"#, .offerID, .productNotFound),
            (#"{"id": {}, "offer_id": "A", "sku": []}"#, .offerID, .productNotFound),
            (#"{"id": 1}"#, .offerID, .ozonBadAnswer), (#"{"id": 1, "offer_id": 5}"#, .offerID, .ozonBadAnswer),
            (#"{"id": 1, "offer_id": ""}"#, .offerID, .ozonBadAnswer), ("null", .offerID, .ozonBadAnswer),
            (#"{"offer_id": "A"}"#, .productID, .ozonBadAnswer), (#"{"id": 1.5}"#, .productID, .ozonBadAnswer),
            (#"{"id": 0}"#, .productID, .ozonBadAnswer), (#"{"id": "x"}"#, .productID, .ozonBadAnswer),
            (#"{"id": 1}"#, .sku, .ozonBadAnswer), (#"{"id": 1, "sku": 0}"#, .sku, .ozonBadAnswer),
            (#"{"id": 1, "sku": 2, "sources": {}}"#, .sku, .ozonBadAnswer),
            (#"{"id": 1, "sku": 2, "sources": [5]}"#, .sku, .ozonBadAnswer),
            (#"{"id": 1, "sku": 0, "sources": [{"sku": 3}]}"#, .sku, .productNotFound),
        ]
        for (row, field, kind) in rows {
            let fault = #expect(throws: Fault.self, "\(row)") {
                try productID("77", in: list(row, by: field), field)
            }
            #expect(fault?.code == kind, "\(row)")
        }
        let known = try list(#"{"id": 1, "sku": 2, "sources": {}}"#, by: .sku)
        #expect(try productID("2", in: known, .sku) == 1, "an invalid member does not hide the SKU")
    }

    @Test func `Several rows of one product must agree in all that is read`() throws {
        func row(_ sku: Int, id: Int = 1, images: String = #"["https://h/a"]"#) -> String {
            let skus = #""sku": \#(sku), "sources": [{"sku": 2}, {"sku": 2}, {"sku": 3}]"#
            return #"{"id": \#(id), \#(skus), "primary_image": "", "images": \#(images)}"#
        }
        let article = try id("2", .sku)
        let same = try list("\(row(2)), \(row(3))", by: .sku)
        #expect(try same.product(of: article, Product.init).images == ["https://h/a"])
        for other in [row(2, images: "[]"), row(2, id: 4), row(2, images: "5")] {
            for rows in ["\(row(2)), \(other)", "\(other), \(row(2))"] {
                let fault = #expect(throws: Fault.self, "\(rows)") {
                    try list(rows, by: .sku).product(of: article, Product.init)
                }
                #expect(fault?.code == .ozonBadAnswer, "\(rows)")
            }
        }
    }
}

let plainClient = HTTPClient(HTTPClient.Options(maxTransfers: 512, allowsHTTP2: true, authoritiesFile: nil))

func http(_ body: String, status: String = "200 OK", headers: String = "") -> ScriptedServer.Step {
    .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
}

/// A new budget.
private var budget: RetryBudget { RetryBudget(.seconds(20), retries: 2) }

@Suite(.timeLimit(.minutes(1)))
struct SellerTests {
    private func seller(_ server: ScriptedServer) -> Seller {
        Seller(plainClient, origin: server.url)
    }

    private func fault(_ scripts: [ScriptedServer.Step], budget: Duration = .seconds(20), retries: Int = 2) async throws
        -> Fault?
    {
        let server = try ScriptedServer(scripts)
        let seller = seller(server)
        let credential = try credential()
        return await #expect(throws: Fault.self) {
            try await seller.products(
                ["A"], by: .offerID, as: credential, within: RetryBudget(budget, retries: retries))
        }
    }

    @Test(arguments: [
        (ArticleField.offerID, #"{"offer_id":["A\"1","2"]}"#), (.productID, #"{"product_id":["A\"1","2"]}"#),
        (.sku, #"{"sku":["A\"1","2"]}"#),
    ])
    func `A request for products is sent as Ozon's documentation specifies`(_ field: ArticleField, _ body: String)
        async throws
    {
        let server = try ScriptedServer([.receive, http(#"{"items": []}"#)])
        _ = try await seller(server).products(["A\"1", "2"], by: field, as: try credential(), within: budget)
        var events = server.events.makeAsyncIterator()
        guard case .request(_, let request) = await events.next() else { throw CancellationError() }
        #expect(request.hasPrefix("POST /v3/product/info/list HTTP/1.1\r\n"))
        for line in ["Client-Id: 1234567", "Api-Key: api-key-never-shown", "Content-Type: application/json"] {
            #expect(request.contains("\r\n\(line)\r\n"))
        }
        #expect(request.hasSuffix("\r\n\r\n\(body)"))
    }

    @Test(arguments: [
        [http("<html>", status: "502 Bad Gateway")],
        [http(#"{"code":13,"message":"Internal error"}"#, status: "500 X")],
        [.reset],
    ])
    func `A transient failure is retried`(_ first: [ScriptedServer.Step]) async throws {
        let server = try ScriptedServer([.receive] + first, [.receive, http(#"{"items": []}"#)])
        _ = try await seller(server).products(["A"], by: .offerID, as: try credential(), within: budget)
    }

    @Test func `A success that is not an object with a list of items is an unusable response`() async throws {
        for body in ["<html>", "[]", "{}", #"{"items": {}}"#, "", #"{"items": [}"#] {
            #expect(try await fault([.receive, http(body)])?.code == .ozonBadAnswer, "\(body)")
        }
        for status in ["203 Non-Authoritative Information", "206 Partial Content"] {
            let fault = try await fault([.receive, http(#"{"items": []}"#, status: status)])
            #expect(fault?.code == .ozonBadAnswer && fault?.detail == "HTTP \(status.prefix(3))")
        }
    }

    @Test func `A rejected credential is reported at once, without the secret that Ozon repeats`() async throws {
        let body = #"{"code":5,"message":"Invalid Api-Key api-key-never-shown, please check the key"}"#
        let fault = try await fault([.receive, http(body, status: "404 Not Found"), .receive, http(#"{"items": []}"#)])
        #expect(fault?.code == .ozonUnauthorized)
        #expect(fault?.detail == "Invalid Api-Key ***, please check the key")
    }

    @Test func `A rate limit beyond the budget is reported at once with Ozon's number of seconds`() async throws {
        let limit = http(#"{"code":8,"message":"rate limit"}"#, status: "429 X", headers: "Retry-After: 60\r\n")
        let fault = try await fault([.receive, limit])
        #expect(fault?.code == .rateLimited)
        #expect(fault?.retryAfter == 60)
    }

    @Test func `After a rate limit only calls with the same key wait`() async throws {
        let limit = http(#"{"code":8,"message":"rate limit"}"#, status: "429 X", headers: "Retry-After: 3600\r\n")
        let server = try ScriptedServer(
            [.receive, limit, .receive, http(#"{"items": []}"#)], [.receive, http(#"{"items": []}"#)])
        let seller = seller(server)
        let one = try credential()
        // The first fault has Ozon's wait. At most a minute of it is remembered, less the time that has passed.
        for expected in [3600...3600, 50...61] {
            let fault = await #expect(throws: Fault.self) {
                try await seller.products(["A"], by: .sku, as: one, within: budget)
            }
            #expect(fault?.code == .rateLimited)
            #expect(fault?.retryAfter.map(expected.contains) == true, "\(String(describing: fault?.retryAfter))")
        }
        for other in [try credential("2"), try credential("1234567", "another-key")] {
            _ = try await seller.products(["A"], by: .sku, as: other, within: budget)
        }
    }

    @Test func `An item quota ends its own call and delays no other`() async throws {
        let quota = http(
            #"{"code":"RESOURCE_EXHAUSTED","message":"item_limit_exceeded"}"#, status: "403 X",
            headers: "Item-Retry-After: 60\r\n")
        let server = try ScriptedServer([.receive, quota, .receive, http(#"{"items": []}"#)])
        let seller = seller(server)
        let credential = try credential()
        let fault = await #expect(throws: Fault.self) {
            try await seller.products(["A"], by: .sku, as: credential, within: budget)
        }
        #expect(fault?.code == .rateLimited && fault?.retryAfter == 3600)
        _ = try await seller.products(["A"], by: .sku, as: credential, within: budget)
        #expect(server.requests.count == 2)
    }

    @Test func `Silence is Ozon's timeout, after the retries and within the budget`() async throws {
        let start = ContinuousClock.now
        #expect(try await fault([.receive, .stall], budget: .milliseconds(900), retries: 1)?.code == .ozonTimeout)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test func `Cancelling ends a call and is not a fault of Ozon's`() async throws {
        let server = try ScriptedServer([.receive, .stall])
        let seller = seller(server)
        let credential = try credential()
        let task = Task {
            try await seller.products(
                ["A"], by: .sku, as: credential, within: RetryBudget(.seconds(60), retries: 2))
        }
        var events = server.events.makeAsyncIterator()
        _ = await events.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await events.next() == .peerLeft(connection: 0))
    }
}
