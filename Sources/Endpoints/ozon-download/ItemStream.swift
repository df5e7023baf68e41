import Core
import Encoding
import JSON

/// The answer as it happens:
///
///     {"type":"start","total_articles":2}
///     {"type":"item","index":0,"done":1,"article":"2194435300","product_id":123,"status":"success",…}
///     {"type":"done","success":true,"data":{"total_articles":2,…}}
///
/// `index` is the article's place in the call, `done` how many have ended. Blank lines are heartbeats. An error that ends
/// the work is a last line `{"type":"error",…}` with the envelope of every error.
struct ItemStream {
    private let writer: LineWriter
    private var totals: Totals

    init(_ writer: LineWriter, articles: Int) {
        self.writer = writer
        totals = Totals(articles: articles)
    }

    func start() async throws {
        try await writer.line {
            $0.member("type", "start")
            $0.member("total_articles", totals.articles)
        }
    }

    mutating func item(_ index: Int, _ item: Item) async throws {
        totals.add(item)
        try await writer.line {
            $0.member("type", "item")
            $0.member("index", index)
            $0.member("done", totals.processed)
            item.writeMembers(to: &$0)
        }
    }

    func done() async throws {
        try await writer.line {
            $0.member("type", "done")
            $0.member("success", true)
            $0.member("data") { json in json.object { totals.writeMembers(to: &$0) } }
        }
    }
}
