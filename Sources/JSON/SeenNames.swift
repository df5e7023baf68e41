/// The names of one object, compared as bytes. Up to 16 are searched one by one, which is faster; more are kept in a
/// set, so that an object of 200,000 names doesn't cost 200,000² comparisons.
struct SeenNames {
    private static let linearSearchLimit = 16
    private var set: Set<[UInt8]>?

    /// - Parameter members: the members that precede the name.
    /// - Returns: false if one of them has that name.
    mutating func insert(_ name: String, after members: [(name: String, value: JSON)]) -> Bool {
        if set == nil {
            if members.count < Self.linearSearchLimit {
                return !members.contains { $0.name.utf8.elementsEqual(name.utf8) }
            }
            set = Set(members.map { Array($0.name.utf8) })
        }
        return set!.insert(Array(name.utf8)).inserted
    }
}
