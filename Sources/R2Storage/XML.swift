import Encoding

/// An element of R2's responses, read by a small, strict parser. It reads elements, text, the five named entities and
/// character references; it skips attributes and removes namespace prefixes. It rejects everything else, such as
/// document types and CDATA.
struct XML {
    var name = ""
    var text: [UInt8] = []
    var children: [XML] = []

    struct Invalid: Error {}

    private static let maxDepth = 16

    init(_ bytes: [UInt8]) throws(Invalid) {
        var reader = Reader(bytes: bytes[...])
        reader.skipProlog()
        self = try reader.element(depth: 1)
        reader.skipProlog()
        guard reader.bytes.isEmpty else { throw Invalid() }
    }

    /// The name of the root element, or nil if there is none. The rest is not parsed.
    static func rootName(of bytes: [UInt8]) -> String? {
        var reader = Reader(bytes: bytes[...])
        reader.skipProlog()
        return try? reader.startName()
    }

    private init(name: String) {
        self.name = name
    }

    subscript(name: String) -> String? {
        children.first { $0.name == name }.flatMap { String(validating: $0.text, as: UTF8.self) }
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        /// Skips whitespace, processing instructions and comments.
        mutating func skipProlog() {
            while true {
                skipWhitespace()
                guard skip(from: "<?", through: "?>") || skip(from: "<!--", through: "-->") else { return }
            }
        }

        mutating func element(depth: Int) throws(Invalid) -> XML {
            guard depth <= maxDepth else { throw Invalid() }
            var element = XML(name: try startName())
            if try skipAttributes() { return element }
            while true {
                let run = bytes.prefix { $0 != .lessThan && $0 != .ampersand }
                element.text += run
                bytes = bytes[run.endIndex...]
                if bytes.starts(with: "&".utf8) {
                    element.text += try entity()
                } else if skip(from: "<!--", through: "-->") {
                    continue
                } else if take("</") {
                    guard try name() == element.name else { throw Invalid() }
                    skipWhitespace()
                    guard take(">") else { throw Invalid() }
                    return element
                } else {
                    element.children.append(try self.element(depth: depth + 1))
                }
            }
        }

        mutating func startName() throws(Invalid) -> String {
            guard take("<"), !bytes.starts(with: "!".utf8) else { throw Invalid() }
            return try name()
        }

        /// A name of letters, digits, `-`, `_`, `.` and `:`, without the part before its last `:`.
        private mutating func name() throws(Invalid) -> String {
            let word = bytes.prefix { $0.isASCIIAlphanumeric || "-_.:".utf8.contains($0) }
            guard !word.isEmpty else { throw Invalid() }
            bytes = bytes[word.endIndex...]
            return String(decoding: word.split(separator: .colon).last ?? word, as: UTF8.self)
        }

        /// - Returns: true for an empty-element tag, such as `<a/>`.
        private mutating func skipAttributes() throws(Invalid) -> Bool {
            while true {
                skipWhitespace()
                if take("/>") { return true }
                if take(">") { return false }
                _ = try name()
                skipWhitespace()
                guard take("=") else { throw Invalid() }
                skipWhitespace()
                guard let quote = bytes.first, quote == .quote || quote == .apostrophe,
                    let end = bytes.dropFirst().firstIndex(of: quote)
                else { throw Invalid() }
                bytes = bytes[(end + 1)...]
            }
        }

        private mutating func entity() throws(Invalid) -> [UInt8] {
            guard let end = bytes.prefix(12).firstIndex(of: .semicolon) else { throw Invalid() }
            let word = String(decoding: bytes[(bytes.startIndex + 1)..<end], as: UTF8.self)
            bytes = bytes[(end + 1)...]
            switch word {
            case "amp": return [.ampersand]
            case "lt": return [.lessThan]
            case "gt": return [.greaterThan]
            case "quot": return [.quote]
            case "apos": return [.apostrophe]
            default:
                let isHex = word.utf8.starts(with: "#x".utf8)
                let digits = word.utf8.dropFirst(isHex ? 2 : 1)
                // UInt32 would accept a sign.
                guard word.utf8.first == .numberSign, digits.first?.isASCIIAlphanumeric == true else { throw Invalid() }
                let code = UInt32(String(Substring(digits)), radix: isHex ? 16 : 10)
                guard let scalar = code.flatMap(Unicode.Scalar.init) else { throw Invalid() }
                return Array(UTF8.encode(scalar)!)
            }
        }

        private mutating func skipWhitespace() {
            bytes = bytes.drop { $0.isBlank || $0 == .newline || $0 == .carriageReturn }
        }

        private mutating func take(_ mark: String) -> Bool {
            guard bytes.starts(with: mark.utf8) else { return false }
            bytes = bytes.dropFirst(mark.utf8.count)
            return true
        }

        /// Skips the text between two marks and the marks, which don't overlap: `<!-->` only begins a comment.
        /// - Returns: false if the text doesn't begin with the first mark, or the second one doesn't follow.
        private mutating func skip(from start: String, through end: String) -> Bool {
            guard bytes.starts(with: start.utf8) else { return false }
            let rest = bytes.dropFirst(start.utf8.count)
            let found = rest.indices.first { rest[$0...].starts(with: end.utf8) }
            guard let found else { return false }
            bytes = rest[(found + end.utf8.count)...]
            return true
        }
    }
}
