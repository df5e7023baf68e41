import Foundation
import TestSupport
import Testing

@testable import Core
@testable import HTTPClient
@testable import Ozon

private func product(_ text: String) throws -> Product? {
    Product(try JSON(Array(text.utf8), duplicates: .lastWins))
}

@Suite("Products")
struct ProductsTests {
    @Test("the primary image first, then the others, each once")
    func union() throws {
        let cases = [
            (#""primary_image": ["p"], "images": ["a", "b"]"#, ["p", "a", "b"]),
            (#""primary_image": ["p"], "images": ["a", "p", "b", "a"]"#, ["p", "a", "b"]),
            (#""primary_image": "p", "images": "a""#, ["p", "a"]),
            (#""primary_image": "", "images": ["", "a"]"#, ["a"]),
            (#""primary_image": [], "images": ["a"]"#, ["a"]),
            (#""primary_image": null, "images": null"#, []),
            (#""primary_image": 7, "images": [null, 1, "a", {}]"#, ["a"]),
            (#""images": ["e\u0301", "\u00e9"]"#, ["e\u{301}", "\u{E9}"]),
        ]
        for (members, expected) in cases {
            let product = try #require(try product("{\"id\": 1, \"offer_id\": \"A\", \(members)}"))
            #expect(product.images.map { Array($0.utf8) } == expected.map { Array($0.utf8) }, "\(members)")
        }
    }

    @Test("ids are numbers, or strings of digits")
    func ids() throws {
        let product = try #require(try product(#"{"id": "123", "offer_id": "A-1", "sku": 456}"#))
        #expect(product.id == 123)
        #expect(product.offerID == "A-1")
        #expect(product.sku == 456)
    }

    @Test(
        "without id or offer_id it is no product",
        arguments: [
            "{}", "[]", "null", #"{"id": 1}"#, #"{"offer_id": "A"}"#, #"{"id": "x", "offer_id": "A"}"#,
            #"{"id": 1, "offer_id": 2}"#,
            #"{"id": 1.5, "offer_id": "A"}"#,
        ])
    func none(_ text: String) throws {
        #expect(try product(text) == nil)
    }
}

let plainClient = HTTPClient(HTTPClient.Options(maxConnections: 512, speaksHTTP2: true, authorities: nil))

func http(_ body: String, status: String = "200 OK", headers: String = "") -> ScriptedServer.Step {
    .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
}

/// A budget that has just begun.
private var usual: Retry { Retry(budget: .seconds(20), retries: 2) }

@Suite("Ozon's API, called", .timeLimit(.minutes(1)))
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
                ["A"], by: .offerID, as: credential, within: Retry(budget: budget, retries: retries))
        }
    }

    @Test(
        "products are asked for as Ozon wants it",
        arguments: [
            (ArticleField.offerID, #"{"offer_id":["A\"1","2"]}"#), (.productID, #"{"product_id":["A\"1","2"]}"#),
            (.sku, #"{"sku":["A\"1","2"]}"#),
        ])
    func request(_ field: ArticleField, _ body: String) async throws {
        let server = try ScriptedServer([.receive, http(#"{"items": [{"id": 1, "offer_id": "A"}, {"id": 2}]}"#)])
        let products = try await seller(server).products(["A\"1", "2"], by: field, as: try credential(), within: usual)
        #expect(products.map(\.id) == [1], "what is no product is left out")
        var events = server.events.makeAsyncIterator()
        guard case .request(_, let request) = await events.next() else { throw CancellationError() }
        #expect(request.hasPrefix("POST /v3/product/info/list HTTP/1.1\r\n"))
        for line in ["Client-Id: 1234567", "Api-Key: api-key-never-shown", "Content-Type: application/json"] {
            #expect(request.contains("\r\n\(line)\r\n"))
        }
        #expect(request.hasSuffix("\r\n\r\n\(body)"))
    }

    @Test(
        "a passing failure is tried again",
        arguments: [
            [http("<html>", status: "502 Bad Gateway")],
            [http(#"{"code":13,"message":"Internal error"}"#, status: "500 X")],
            [.reset],
        ])
    func again(_ first: [ScriptedServer.Step]) async throws {
        let server = try ScriptedServer([.receive] + first, [.receive, http(#"{"items": []}"#)])
        #expect(try await seller(server).products(["A"], by: .offerID, as: try credential(), within: usual).isEmpty)
    }

    @Test("a success that is no JSON object, or has no items, is an unusable answer")
    func unusable() async throws {
        for body in ["<html>", "[]", "{}", #"{"items": {}}"#, "", #"{"items": [}"#] {
            #expect(try await fault([.receive, http(body)])?.kind == .ozonBadAnswer, "\(body)")
        }
    }

    @Test("a refused credential is told at once, without what Ozon repeats of it")
    func refused() async throws {
        let body = #"{"code":5,"message":"Invalid Api-Key api-key-never-shown, please check the key"}"#
        let fault = try await fault([.receive, http(body, status: "404 Not Found"), .receive, http(#"{"items": []}"#)])
        #expect(fault?.kind == .ozonUnauthorized)
        #expect(fault?.detail == "Invalid Api-Key ***, please check the key")
    }

    @Test("a rate limit beyond the budget is told at once, with Ozon's seconds")
    func rateLimit() async throws {
        let limit = http(#"{"code":8,"message":"rate limit"}"#, status: "429 X", headers: "Retry-After: 60\r\n")
        let fault = try await fault([.receive, limit])
        #expect(fault?.kind == .rateLimited)
        #expect(fault?.retryAfter == 60)
    }

    @Test("after a rate limit the seller's next calls wait; another seller's don't")
    func pace() async throws {
        let limit = http(#"{"code":8,"message":"rate limit"}"#, status: "429 X", headers: "Retry-After: 60\r\n")
        let server = try ScriptedServer(
            [.receive, limit, .receive, http(#"{"items": []}"#)], [.receive, http(#"{"items": []}"#)])
        let seller = seller(server)
        let one = try credential()
        for expected in [60...60, 59...61] {
            let fault = await #expect(throws: Fault.self) {
                try await seller.products(["A"], by: .sku, as: one, within: usual)
            }
            #expect(fault?.kind == .rateLimited)
            #expect(fault?.retryAfter.map(expected.contains) == true)
        }
        #expect(try await seller.products(["A"], by: .sku, as: try credential("2"), within: usual).isEmpty)
    }

    @Test("silence is Ozon's timeout, after the retries and within the budget")
    func timeout() async throws {
        let start = ContinuousClock.now
        #expect(try await fault([.receive, .stall], budget: .milliseconds(900), retries: 1)?.kind == .ozonTimeout)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("cancelling ends a call at once, and is no fault of Ozon's")
    func cancelled() async throws {
        let server = try ScriptedServer([.receive, .stall])
        let seller = seller(server)
        let credential = try credential()
        let task = Task {
            try await seller.products(
                ["A"], by: .sku, as: credential, within: Retry(budget: .seconds(60), retries: 2))
        }
        var events = server.events.makeAsyncIterator()
        _ = await events.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await events.next() == .peerLeft(connection: 0))
    }
}
