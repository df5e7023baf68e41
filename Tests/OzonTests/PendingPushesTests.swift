import Testing

@testable import Core
@testable import Ozon

@Suite struct PendingPushesTests {
    @Test func `A pending push affects only those that omit what it replaces, and their number is bounded`() throws {
        let pending = PendingPushes()
        func key(_ id: Int) -> ProductKey { ProductKey(clientID: "1", productID: id) }
        func entry(_ body: String) throws -> PendingPushes.Entry {
            PendingPushes.Entry(taskID: 7, offerID: "A", SentPictures(try pictures(body), token: nil))
        }
        let (images, color) = (#""images": ["https://h/a"]"#, #""color_image": "https://h/c""#)
        let both = "\(images), \(color)"
        for (earlier, later, matters) in [
            (images, color, true), (images, images, false), (images, both, false), (color, images, true),
            (color, color, false), (color, both, false), (both, images, true), (both, color, true), (both, both, false),
        ] {
            pending.set(try entry("{\(earlier)}"), for: key(1))
            let found = pending.entry(for: key(1), affecting: try pictures("{\(later)}"))
            #expect((found != nil) == matters, "\(earlier), then \(later)")
        }
        let one = try entry("{\(both)}")
        for id in 1...10_000 { pending.set(one, for: key(id)) }
        let request = try pictures("{\(color)}")
        #expect(pending.entry(for: key(1), affecting: request) != nil)
        #expect(pending.entry(for: key(0), affecting: request) == nil)
        pending.set(one, for: key(0))
        #expect(pending.entry(for: key(1), affecting: request) == nil, "all are dropped when there are too many")
    }
}
