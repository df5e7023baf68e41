import Core
import JSON

/// The items of all articles, as one JSON document or as a stream.
enum Output: ResponseBody {
    case items([Item])
    case stream(@Sendable (LineWriter) async throws -> Void)

    var content: ResponseContent {
        switch self {
        case .items(let items): .json(json(items))
        case .stream(let produce): .ndjson(produce)
        }
    }

    private func json(_ items: [Item]) -> [UInt8] {
        var totals = Totals(articles: items.count)
        for item in items { totals.add(item) }
        var json = JSONWriter(capacity: 1024)
        json.data {
            totals.writeMembers(to: &$0)
            $0.member("items", items)
        }
        return json.bytes
    }
}
