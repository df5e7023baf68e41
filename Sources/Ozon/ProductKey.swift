/// A product of one seller.
struct ProductKey: Hashable {
    let clientID: String
    let productID: Int
}
