/// Takes the items of a response in the order in which they are complete.
protocol ItemSink {
    /// Returns when the next item may follow.
    /// - Parameter index: the article's index in the request.
    mutating func add(_ item: Item, at index: Int) async throws
}

/// Keeps the items in the order of the articles.
struct CollectedItems: ItemSink {
    private var items: [Item?]

    init(count: Int) {
        items = Array(repeating: nil, count: count)
    }

    var all: [Item] { items.compactMap(\.self) }

    mutating func add(_ item: Item, at index: Int) {
        items[index] = item
    }
}
