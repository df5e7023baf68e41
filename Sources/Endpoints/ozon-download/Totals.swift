import JSON

/// The sums over all items: the response's `data` without its `items`.
struct Totals {
    let articles: Int
    private(set) var processed = 0
    private var images = 0
    private var success = 0
    private var failed = 0

    init(articles: Int) {
        self.articles = articles
    }

    mutating func add(_ item: Item) {
        processed += 1
        images += item.counts.total
        success += item.counts.success
        failed += item.counts.failed
    }

    func writeMembers(to json: inout JSONWriter) {
        json.member("total_articles", articles)
        json.member("processed", processed)
        json.member("total_images", images)
        json.member("success_images", success)
        json.member("failed_images", failed)
    }
}
