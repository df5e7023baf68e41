struct ProductKey: Hashable {
    let clientID: String
    let productID: Int
}
