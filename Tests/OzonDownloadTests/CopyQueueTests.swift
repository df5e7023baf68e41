import Core
import JSON
import R2
import Relay
import SigV4
import Testing

@testable import ozon_download

private let bucket = Bucket(
    endpoint: "https://r2.example", host: "r2.example", name: "bucket",
    credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "secret"), publicBase: "https://pictures.example")

private func image(_ name: String) throws -> ProductImages.Image {
    ProductImages.Image(url: "https://cdn/\(name)", key: .success(try AllowedPrefixes.all.key(name)))
}

private func rejectedImage(_ name: String) -> ProductImages.Image {
    ProductImages.Image(url: "https://cdn/\(name)", key: .failure(ProductImages.Rejection(reason: "Too long")))
}

private func article(_ index: Int, _ images: [ProductImages.Image]) -> ArticleResult<ProductImages> {
    ArticleResult(indices: [index], value: .success(ProductImages(productID: index, images: images)))
}

/// The article's response as text, so that results can be compared.
private func text(_ result: Item.Result) -> String {
    String(decoding: JSONWriter.bytes(Item(article: "", result: result)), as: UTF8.self)
}

/// Carries out a queue's actions without copying anything.
private struct Simulation {
    var queue: CopyQueue
    var running: [CopyQueue.Copy] = []
    var started: [String] = []
    var reports: [(indices: [Int], text: String)] = []
    /// For each article that has arrived, how many of its copies haven't ended.
    private var remaining: [Int: Int] = [:]
    private(set) var arrived = 0
    private(set) var ended = 0

    /// The articles that have arrived and whose copies have all ended.
    var complete: [Int] { remaining.filter { $0.value == 0 }.keys.sorted() }

    init(maxRunning: Int) {
        queue = CopyQueue(maxRunning: maxRunning, bucket: bucket)
    }

    mutating func handle(_ event: CopyQueue.Event) {
        if case .found(let articles) = event {
            for article in articles {
                let count = (try? article.value.get())?.images.count ?? 0
                remaining[article.indices[0]] = count
                arrived += count
            }
        }
        for action in queue.handle(event) {
            switch action {
            case .report(let result, let indices): reports.append((indices, text(result)))
            case .start(let copy):
                running.append(copy)
                started.append(copy.key.text)
            }
        }
    }

    mutating func end(_ index: Int = 0, _ failure: CopyFailure? = nil) {
        let copy = running.remove(at: index)
        ended += 1
        remaining[copy.key.text.split(separator: "/").first.flatMap { Int($0) } ?? -1]? -= 1
        handle(.finished(copy, failure: failure))
    }
}

@Suite struct CopyQueueTests {
    @Test func `Copies start in the order of the articles and no more than allowed run at once`() throws {
        var simulation = Simulation(maxRunning: 2)
        simulation.handle(.found([article(0, [try image("a"), try image("b"), try image("c")])]))
        #expect(simulation.started == ["a", "b"])
        simulation.handle(.found([article(1, [try image("d")])]))
        #expect(simulation.started == ["a", "b"])
        simulation.end(1)
        #expect(simulation.started == ["a", "b", "c"])
        simulation.end()
        #expect(simulation.started == ["a", "b", "c", "d"])
        #expect(simulation.reports.isEmpty)
    }

    @Test func `An article is reported when its last copy has ended, with the URLs in the product's order`() throws {
        var simulation = Simulation(maxRunning: 3)
        simulation.handle(.found([article(7, [try image("a"), try image("b"), try image("c")])]))
        simulation.end(2)
        simulation.end(1, CopyFailure("Timeout", detail: "detail"))
        #expect(simulation.reports.isEmpty)
        simulation.end()
        #expect(simulation.reports.map(\.indices) == [[7]])
        let urls = ["https://pictures.example/a", "https://pictures.example/c"]
        let error = ImageFailure(url: "https://cdn/b", reason: "Timeout", detail: "detail")
        #expect(simulation.reports.first?.text == text(.copied(productID: 7, urls: urls, errors: [error])))
    }

    @Test func `An article with nothing to copy is reported at once, and a repeated one is reported once`() throws {
        var simulation = Simulation(maxRunning: 1)
        let images = ProductImages(productID: 5, images: [rejectedImage("x")])
        simulation.handle(
            .found([
                article(0, [try image("a")]),
                ArticleResult(indices: [1, 3], value: .failure(Fault(.ozonTimeout))),
                article(2, []), ArticleResult(indices: [4, 6], value: .success(images)),
            ]))
        #expect(simulation.reports.map(\.indices) == [[1, 3], [2], [4, 6]])
        let error = ImageFailure(url: "https://cdn/x", reason: "Too long", detail: nil)
        #expect(
            simulation.reports.map(\.text) == [
                text(.failed(reason: "Ozon API timeout")), text(.copied(productID: 2, urls: [], errors: [])),
                text(.copied(productID: 5, urls: [], errors: [error])),
            ])
        #expect(simulation.started == ["a"])
    }

    @Test func `An image with an invalid key is not copied and is listed among the failed ones`() throws {
        var simulation = Simulation(maxRunning: 8)
        simulation.handle(.found([article(0, [rejectedImage("x"), try image("a"), try image("b")])]))
        #expect(simulation.started == ["a", "b"])
        simulation.end()
        simulation.end(0, CopyFailure("HTTP 404"))
        let errors = [
            ImageFailure(url: "https://cdn/x", reason: "Too long", detail: nil),
            ImageFailure(url: "https://cdn/b", reason: "HTTP 404", detail: nil),
        ]
        let copied = Item.Result.copied(productID: 0, urls: ["https://pictures.example/a"], errors: errors)
        #expect(simulation.reports.map(\.text) == [text(copied)])
    }

    @Test func `A complete article is reported before the next copy starts`() throws {
        var queue = CopyQueue(maxRunning: 1, bucket: bucket)
        let first = queue.handle(.found([article(0, [try image("a")]), article(1, [try image("b")])]))
        guard first.count == 1, case .start(let copy) = first[0] else { Issue.record("\(first)"); return }
        let second = queue.handle(.finished(copy, failure: nil))
        guard second.count == 2, case .report(_, indices: [0]) = second[0], case .start = second[1] else {
            Issue.record("\(second)")
            return
        }
    }

    @Test func `A long request uses all of its transfers in whatever order its copies end`() throws {
        var simulation = Simulation(maxRunning: 32)
        simulation.handle(
            .found(try (0..<1000).map { index in article(index, try (0..<5).map { try image("\(index)/\($0)") }) }))
        while simulation.started.count < 5000 {
            #expect(simulation.running.count == 32)
            simulation.end(simulation.started.count * 7 % 32)
        }
        while !simulation.running.isEmpty { simulation.end() }
        #expect(simulation.reports.flatMap(\.indices).sorted() == Array(0..<1000))
    }
}

/// Walks through every order in which the batches can arrive and the copies can end.
@Suite struct CopyQueueOrderTests {
    private struct Case: CustomTestStringConvertible {
        /// The number of images of each article of each batch; nil for an article without a product.
        let batches: [[Int?]]
        let maxRunning: Int
        var testDescription: String { "\(batches), \(maxRunning) at once" }
    }

    private static let cases = [
        [[1]], [[3]], [[0]], [[nil]], [[]], [], [[2, nil, 1], [0], [1]], [[1, 1], [nil], [2]], [[2], [], [2], [1]],
        [[nil, 0], [0, nil]], [[3, 2]],
    ].flatMap { batches in (1...4).map { Case(batches: batches, maxRunning: $0) } }

    @Test(arguments: cases)
    private func `Every article is reported exactly once and the limit is always reached but never exceeded`(
        _ example: Case
    ) throws {
        var batches: [[ArticleResult<ProductImages>]] = []
        var expected: [Int: String] = [:]
        for batch in example.batches {
            var articles: [ArticleResult<ProductImages>] = []
            for count in batch {
                let index = expected.count
                guard let count else {
                    articles.append(ArticleResult(indices: [index], value: .failure(Fault(.productNotFound))))
                    expected[index] = text(.failed(reason: "Product not found"))
                    continue
                }
                let names = (0..<count).map { "\(index)/\($0)" }
                articles.append(article(index, try names.map(image)))
                let (good, bad) = (names.filter { !fails($0) }, names.filter(fails))
                expected[index] = text(
                    .copied(
                        productID: index, urls: good.map { "https://pictures.example/\($0)" },
                        errors: bad.map { ImageFailure(url: "https://cdn/\($0)", reason: "HTTP 500", detail: nil) }))
            }
            batches.append(articles)
        }
        var ends = 0
        explore(Simulation(maxRunning: example.maxRunning), batches[...], example.maxRunning) { simulation in
            ends += 1
            let reports = simulation.reports
            #expect(reports.count == expected.count)
            #expect(Dictionary(reports.map { ($0.indices[0], $0.text) }, uniquingKeysWith: +) == expected)
        }
        #expect(ends > 0)
    }

    /// Every second image of an article fails.
    private func fails(_ name: String) -> Bool { name.hasSuffix("1") }

    private func explore(
        _ simulation: Simulation, _ batches: ArraySlice<[ArticleResult<ProductImages>]>, _ maxRunning: Int,
        atEnd check: (Simulation) -> Void
    ) {
        #expect(simulation.running.count == min(maxRunning, simulation.arrived - simulation.ended))
        if batches.isEmpty, simulation.running.isEmpty { check(simulation) }
        if let batch = batches.first {
            var next = simulation
            next.handle(.found(batch))
            expectReports(in: next)
            explore(next, batches.dropFirst(), maxRunning, atEnd: check)
        }
        for (index, copy) in simulation.running.enumerated() {
            var next = simulation
            next.end(index, fails(copy.key.text) ? CopyFailure("HTTP 500") : nil)
            expectReports(in: next)
            explore(next, batches, maxRunning, atEnd: check)
        }
    }

    /// Exactly those articles are reported that have arrived and have no copy that runs or waits.
    private func expectReports(in simulation: Simulation) {
        #expect(simulation.reports.flatMap(\.indices).sorted() == simulation.complete)
    }
}
