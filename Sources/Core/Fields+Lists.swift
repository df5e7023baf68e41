import JSON

/// Lists of a request. The length is checked before any entry is read, so that a megabyte of bad entries is one fault.
extension Fields {
    /// The limit of lists that have no limit of their own.
    private static let maxEntries = 1000

    /// The elements of a list of 1…`limit` elements.
    private func list(_ name: StaticString, limit: Int, required: Bool = true) -> [JSON]? {
        guard let elements = value(name, required: required, mustBe: "an array", \.array) else { return nil }
        if elements.isEmpty {
            fail(name, "Must not be empty")
        } else if elements.count > limit {
            fail(name, "Exceeds limit (\(limit))")
        } else {
            return elements
        }
        return nil
    }

    /// The values of a list of 1…`limit` elements.
    /// - Parameter read: nil if the element is invalid; it then records why.
    private func values<Value>(
        _ name: StaticString, limit: Int, required: Bool = true, _ read: (_ index: Int, _ element: JSON) -> Value?
    ) -> [Value]? {
        guard let elements = list(name, limit: limit, required: required) else { return nil }
        let values = elements.enumerated().compactMap { read($0, $1) }
        return values.count == elements.count ? values : nil
    }

    /// 1…`limit` objects, each with its own path in faults: `items[3].r2_path`.
    package func objects<Element>(
        _ name: StaticString, limit: Int, required: Bool = true, _ read: (Fields) throws(InvalidFields) -> Element
    ) -> [Element]? {
        values(name, limit: limit, required: required) { index, element in
            guard case .object = element else {
                fail(element: index, of: name, "Must be an object")
                return nil
            }
            return try? read(object(at: "\(name)[\(index)]", element))
        }
    }

    /// 1…`limit` distinct integers, all of them in the range.
    package func integers(_ name: StaticString, in range: ClosedRange<Int>, limit: Int) -> [Int]? {
        var seen: Set<Int> = []
        return values(name, limit: limit) { index, element in
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

    /// An optional list of strings, without its nulls and empty strings. Each entry keeps its index in the list that
    /// was sent.
    /// - Parameter accepts: whether to keep an entry; if not, it records why.
    package func entries(
        _ name: StaticString, accepts: (_ index: Int, _ text: String) -> Bool
    ) -> [(index: Int, text: String)] {
        guard let elements = value(name, required: false, mustBe: "an array", \.array) else { return [] }
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

    /// 1…`limit` strings that are not empty.
    package func strings(_ name: StaticString, limit: Int) -> [String]? {
        values(name, limit: limit) { index, element in
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
