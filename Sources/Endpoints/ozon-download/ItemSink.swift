/// Takes the items of a download in the order in which they are complete.
protocol ItemSink {
    /// Returns when the next item may follow.
    /// - Parameter index: the article's index in the request.
    mutating func add(_ item: Item, at index: Int) async throws
}
