/// Header lines in order. Names are case-insensitive.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral {
    package private(set) var lines: [(name: String, value: String)]

    package init(_ lines: [(name: String, value: String)] = []) {
        self.lines = lines
    }

    package init(dictionaryLiteral lines: (String, String)...) {
        self.lines = lines.map { (name: $0.0, value: $0.1) }
    }

    package var isEmpty: Bool { lines.isEmpty }

    package mutating func append(_ name: String, _ value: String) {
        lines.append((name, value))
    }

    package static func + (first: Headers, second: Headers) -> Headers {
        Headers(first.lines + second.lines)
    }

    /// The value of the last line with that name.
    package subscript(name: String) -> String? { all(name).last }

    /// The values of all lines with that name, in order.
    package func all(_ name: String) -> [String] {
        lines.filter { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}
