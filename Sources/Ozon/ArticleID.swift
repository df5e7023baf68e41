import Core

/// An article number in the normalized form used to match the caller's ids with Ozon's. Leading zeros of numbers are
/// removed; offer_ids are compared byte by byte, because Swift's strings compare two spellings of `é` as equal.
package struct ArticleID: Hashable, Sendable {
    package let text: String

    /// Nil if the string can't be an id of this kind.
    package init?(_ text: String, as field: ArticleField) {
        guard field != .offerID else {
            self.text = text
            return
        }
        guard let number = positiveInteger(text) else { return nil }
        self.text = String(number)
    }

    init(_ number: Int) { text = String(number) }
    init(offerID: String) { text = offerID }

    package static func == (a: ArticleID, b: ArticleID) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
