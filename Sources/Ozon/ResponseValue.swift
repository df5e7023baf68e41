import Core
import JSON

/// A value in one of Ozon's answers, with its path. Reading a member has three verdicts: it has a value of the expected
/// type, it is absent (missing or null), or it is of another type. What isn't understood is thrown as
/// `OZON_BAD_ANSWER`, whose detail names the path and what was found there; it never becomes a default.
package struct ResponseValue: Sendable {
    /// nil: missing or null.
    private let json: JSON?
    private let path: String
    /// The path of Ozon's method, which begins the detail.
    private let method: String
    private let credential: Credential

    init(_ json: JSON?, at path: String = "", of method: String, _ credential: Credential) {
        if case .null? = json { self.json = nil } else { self.json = json }
        self.path = path
        self.method = method
        self.credential = credential
    }

    func object(_ name: StaticString) throws(Fault) -> ResponseValue {
        let value = try member(name)
        guard case .object? = value.json else { throw value.isNot("an object") }
        return value
    }

    func object(ifAny name: StaticString) throws(Fault) -> ResponseValue? {
        try member(name).json == nil ? nil : object(name)
    }

    func list(_ name: StaticString) throws(Fault) -> [ResponseValue] {
        try required(name, "a list") { value throws(Fault) in value.elements }
    }

    /// An absent list is empty.
    func list(ifAny name: StaticString) throws(Fault) -> [ResponseValue] {
        try optional(name, "a list") { value throws(Fault) in value.elements } ?? []
    }

    /// A string that isn't empty.
    func string(_ name: StaticString) throws(Fault) -> String {
        try required(name, "a string that isn't empty") { value throws(Fault) in
            value.json?.string.flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    func string(ifAny name: StaticString) throws(Fault) -> String? {
        try optional(name, "a string") { value throws(Fault) in value.json?.string }
    }

    func bool(ifAny name: StaticString) throws(Fault) -> Bool? {
        try optional(name, "true or false") { value throws(Fault) in value.json?.bool }
    }

    /// An id comes as a number or as a string of digits.
    func id(_ name: StaticString) throws(Fault) -> Int {
        try required(name, "an id") { value throws(Fault) in value.json.flatMap(number) }
    }

    /// 0 means that there is none.
    func id(ifAny name: StaticString) throws(Fault) -> Int? {
        let id = try optional(name, "an id") { value throws(Fault) in
            switch value.json {
            case .integer(0), .string("0"): 0
            default: value.json.flatMap(number)
            }
        }
        return id == 0 ? nil : id
    }

    /// A product's pictures: 50 by Ozon's documents.
    private static let maxURLs = 1000

    /// A list of URLs, or a single one as a string. Empty strings are left out.
    func urls(_ name: StaticString) throws(Fault) -> [String] {
        let urls = try required(name, "a list of URLs") { value throws(Fault) -> [String]? in
            if let url = value.json?.string { return [url] }
            guard let elements = value.json?.array else { return nil }
            guard elements.count <= Self.maxURLs else { throw value.isNot("a list of at most \(Self.maxURLs) URLs") }
            let urls = elements.compactMap(\.string)
            if urls.count < elements.count, let other = value.elements?.first(where: { $0.json?.string == nil }) {
                throw other.isNot("a URL")
            }
            return urls
        }
        return urls.filter { !$0.isEmpty }
    }

    /// The same, each of them http or https.
    func webURLs(_ name: StaticString) throws(Fault) -> [String] {
        let urls = try urls(name)
        guard urls.allSatisfy(isWebURL) else { throw try member(name).isNot("http(s) URLs only") }
        return urls
    }

    /// One of the words that are known.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ name: StaticString) throws(Fault) -> Word {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        return try required(name, "one of \(words)") { value throws(Fault) in
            value.json?.string.flatMap(Word.init(rawValue:))
        }
    }

    /// All strings in it, however deep: an error's texts.
    var texts: [String] { json.map(strings) ?? [] }

    /// A text of Ozon's that may be shown.
    func scrubbed(_ text: String) -> String { credential.scrub(text) }

    // MARK: - Reading

    private func member(_ name: StaticString) throws(Fault) -> ResponseValue {
        guard case .object? = json else { throw isNot("an object") }
        return ResponseValue(json?[name], at: path.isEmpty ? "\(name)" : "\(path).\(name)", of: method, credential)
    }

    private func optional<Value>(
        _ name: StaticString, _ expected: String, _ read: (ResponseValue) throws(Fault) -> Value?
    ) throws(Fault) -> Value? {
        let value = try member(name)
        if value.json == nil { return nil }
        guard let result = try read(value) else { throw value.isNot(expected) }
        return result
    }

    private func required<Value>(
        _ name: StaticString, _ expected: String, _ read: (ResponseValue) throws(Fault) -> Value?
    ) throws(Fault) -> Value {
        guard let result = try optional(name, expected, read) else { throw try member(name).isNot(expected) }
        return result
    }

    private var elements: [ResponseValue]? {
        json?.array?.enumerated().map { ResponseValue($1, at: "\(path)[\($0)]", of: method, credential) }
    }

    /// What was found in place of the expected.
    func isNot(_ expected: String) -> Fault {
        let subject = path.isEmpty ? "the answer" : path
        return Fault(.ozonBadAnswer, detail: "\(method): \(subject) is \(found), expected \(expected)")
    }

    private var found: String {
        switch json {
        case nil, .null: "missing or null"
        case .bool(let value): "\(value)"
        case .integer, .number: "a number"
        case .string(let text): "\"\(String(credential.scrub(text).prefix(40)))\""
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Ids come as numbers; some methods write them as strings.
private func number(_ json: JSON) -> Int? {
    let number = json.integer ?? json.string.flatMap(positiveInteger)
    return number.flatMap { $0 > 0 ? $0 : nil }
}

/// All strings in a value, however deep.
func strings(in json: JSON) -> [String] {
    switch json {
    case .string(let text): [text]
    case .array(let elements): elements.flatMap(strings)
    case .object(let members): members.flatMap { strings(in: $0.value) }
    case .null, .bool, .integer, .number: []
    }
}
