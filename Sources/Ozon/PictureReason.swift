/// Reasons for the response's `errors` when a picture isn't confirmed and Ozon gives no reason.
enum PictureReason {
    static let rejected = "Refused by Ozon"
    static let skipped = "Skipped by Ozon, not fetched again"
    static let missing = "Not among the product's pictures"
    static let unchanged = "The product's pictures are as before"
    static let pending = "Still pending at Ozon"
}
