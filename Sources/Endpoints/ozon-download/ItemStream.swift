import Core
import Encoding
import JSON

/// Writes the items as lines, each as soon as it is complete:
///
///     {"type":"start","total_articles":2}
///     {"type":"item","index":0,"done":1,"article":"2194435300","product_id":123,"status":"success",…}
///     {"type":"done","success":true,"data":{"total_articles":2,…}}
///
/// `index` is the article's index in the request, `done` the number of items so far. Blank lines are heartbeats. After
/// an error that ends the work, the last line is `{"type":"error",…}` with the members of every error response.
struct ItemStream: ItemSink {
    private let writer: LineWriter
    private var totals: Totals

    init(_ writer: LineWriter, articles: Int) {
        self.writer = writer
        totals = Totals(articles: articles)
    }

    func begin() async throws {
        try await writer.line {
            $0.member("type", "start")
            $0.member("total_articles", totals.articles)
        }
    }

    mutating func add(_ item: Item, at index: Int) async throws {
        totals.add(item)
        try await writer.line {
            $0.member("type", "item")
            $0.member("index", index)
            $0.member("done", totals.processed)
            item.writeMembers(to: &$0)
        }
    }

    func end() async throws {
        try await writer.line {
            $0.member("type", "done")
            $0.member("success", true)
            $0.member("data") { json in json.object { totals.writeMembers(to: &$0) } }
        }
    }
}
