/// Lists of a request. Each is bounded before an entry of it is read, so that a megabyte of bad entries is one fault.
extension Fields {
    /// No list may have more entries than this, unless its own limit is higher.
    private static let maxEntries = 1000

    /// The elements of a list with 1 to `limit` of them.
    private func list(_ name: StaticString, limit: Int, required: Bool = true) -> [JSON]? {
        guard let elements = typed(name, required: required, "an array", \.array) else { return nil }
        if elements.isEmpty {
            fail(name, "Must not be empty")
        } else if elements.count > limit {
            fail(name, "Exceeds limit (\(limit))")
        } else {
            return elements
        }
        return nil
    }

    /// 1…`limit` objects, each with its own path in faults: `items[3].r2_path`. nil unless all of them could be read.
    package func objects<Element>(
        _ name: StaticString, limit: Int, required: Bool = true, _ read: (Fields) -> Element?
    ) -> [Element]? {
        guard let elements = list(name, limit: limit, required: required) else { return nil }
        let values = elements.enumerated().compactMap { index, element in
            guard case .object = element else {
                fail(element: index, of: name, "Must be an object")
                return nil as Element?
            }
            return read(object(at: "\(name)[\(index)]", element))
        }
        return values.count == elements.count ? values : nil
    }

    /// Those of a list's 1…`limit` entries that are integers in the range, in order and without repeats; each of the
    /// others is noted as a fault.
    package func integers(_ name: StaticString, in range: ClosedRange<Int>, limit: Int) -> [Int]? {
        guard let elements = list(name, limit: limit) else { return nil }
        var seen: Set<Int> = []
        return elements.enumerated().compactMap { index, element in
            guard let value = wholeNumber(element) else {
                fail(name, index: index, "Must be an integer")
                return nil
            }
            if !range.contains(value) {
                fail(name, index: index, "Must be between \(range.lowerBound) and \(range.upperBound)")
            } else if !seen.insert(value).inserted {
                fail(name, index: index, "Must not be repeated")
            } else {
                return value
            }
            return nil
        }
    }

    /// An optional list of strings without its nulls and empty strings, and without those `accepts` refuses (it notes
    /// why); each keeps its index in the list as it was sent.
    package func entries(
        _ name: StaticString, accepts: (_ index: Int, _ text: String) -> Bool
    ) -> [(index: Int, text: String)] {
        guard let elements = typed(name, required: false, "an array", \.array) else { return [] }
        if elements.count > Self.maxEntries {
            fail(name, "Exceeds limit (\(Self.maxEntries))")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            switch element {
            case .null: return nil
            case .string(let text): return text.isEmpty || !accepts(index, text) ? nil : (index, text)
            default:
                fail(name, index: index, "Must be a string")
                return nil
            }
        }
    }

    /// Those of a list's 1…`limit` entries that are non-empty strings, in order; each of the others is noted as a
    /// fault.
    package func strings(_ name: StaticString, limit: Int) -> [String] {
        guard let elements = list(name, limit: limit) else { return [] }
        return elements.enumerated().compactMap { index, element in
            guard let text = element.string else {
                fail(name, index: index, "Must be a string")
                return nil
            }
            if text.isEmpty {
                fail(name, index: index, "Must not be empty")
                return nil
            }
            return text
        }
    }
}
