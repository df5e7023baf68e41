/// Header lines as received, in order; names compare without case.
package struct Headers: Sendable {
    package var lines: [(name: String, value: String)]

    package init(_ lines: [(name: String, value: String)] = []) {
        self.lines = lines
    }

    /// The last line of that name: a final response's header wins over those of the 1xx before it.
    package subscript(name: String) -> String? {
        lines.last { $0.name.utf8.count == name.utf8.count && $0.name.lowercased() == name.lowercased() }?.value
    }
}
