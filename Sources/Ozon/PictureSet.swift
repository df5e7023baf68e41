/// All pictures of a product. Ozon replaces the whole set and erases those that are not in it.
struct PictureSet {
    /// The first is the main picture.
    let images: [String]
    let images360: [String]
    let color: String?
}
