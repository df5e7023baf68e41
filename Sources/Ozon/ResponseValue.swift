import Core
import JSON
import Telemetry

/// A value in one of Ozon's responses, with its path. A required member that is absent (missing or null), a member of
/// another type, or a repeated one throws `OZON_BAD_ANSWER` with a detail that names the path and the value. It never
/// becomes a default.
package struct ResponseValue: Sendable {
    /// Nil if the value is missing or null.
    private let json: JSON?
    private let path: String
    /// The URL path of Ozon's method.
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
        guard case .object? = value.json else { throw value.typeMismatch(expected: "an object") }
        return value
    }

    func object(ifAny name: StaticString) throws(Fault) -> ResponseValue? {
        try member(name).json == nil ? nil : object(name)
    }

    func list(_ name: StaticString) throws(Fault) -> [ResponseValue] {
        let value = try member(name)
        guard let elements = value.elements else { throw value.typeMismatch(expected: "a list") }
        return elements
    }

    /// An absent list is empty.
    func list(ifAny name: StaticString) throws(Fault) -> [ResponseValue] {
        try member(name).json == nil ? [] : list(name)
    }

    func string(_ name: StaticString) throws(Fault) -> String {
        try required(name, "a string that isn't empty") { $0.string.flatMap { $0.isEmpty ? nil : $0 } }
    }

    func string(ifAny name: StaticString) throws(Fault) -> String? {
        try optional(name, "a string", \.string)
    }

    func bool(ifAny name: StaticString) throws(Fault) -> Bool? {
        try optional(name, "true or false", \.bool)
    }

    /// A positive integer, written as a number or as a string of digits.
    func id(_ name: StaticString) throws(Fault) -> Int {
        try required(name, "an id", idNumber)
    }

    /// 0 counts as absent.
    func id(ifAny name: StaticString) throws(Fault) -> Int? {
        let id = try optional(name, "an id") { $0.integer == 0 || $0.string == "0" ? 0 : idNumber($0) }
        return id == 0 ? nil : id
    }

    /// Ozon's documentation allows 50 pictures.
    private static let maxURLs = 1000
    private static let maxComparedURLs = 100
    /// Longer than a URL that was sent with a token (PictureURL.swift).
    private static let maxComparedURLBytes = 4096

    /// A list of URLs, or a single URL as a string. Empty strings are ignored.
    func urls(_ name: StaticString) throws(Fault) -> [String] {
        let value = try member(name)
        guard let elements = value.json?.array ?? value.json?.string.map({ [.string($0)] }) else {
            throw value.typeMismatch(expected: "a list of URLs")
        }
        guard elements.count <= Self.maxURLs else {
            throw value.typeMismatch(expected: "a list of at most \(Self.maxURLs) URLs")
        }
        let urls = elements.compactMap(\.string)
        if urls.count < elements.count, let other = value.elements?.first(where: { $0.json?.string == nil }) {
            throw other.typeMismatch(expected: "a URL")
        }
        return urls.filter { !$0.isEmpty }
    }

    /// The same for URLs that are compared with each other, which takes time in proportion to the product of the
    /// lists' lengths.
    func comparedURLs(_ name: StaticString) throws(Fault) -> [String] {
        let urls = try urls(name)
        guard urls.count <= Self.maxComparedURLs, urls.allSatisfy({ $0.utf8.count <= Self.maxComparedURLBytes }) else {
            throw try member(name).typeMismatch(
                expected: "at most \(Self.maxComparedURLs) URLs of at most \(Self.maxComparedURLBytes) bytes")
        }
        return urls
    }

    /// The same for URLs that may be sent back to Ozon: all must be http or https. `""` and `[""]` mean that there is
    /// none, but an empty string beside others may be a picture, which would be lost.
    func webURLs(_ name: StaticString) throws(Fault) -> [String] {
        let (value, urls) = (try member(name), try comparedURLs(name))
        let count = value.json?.array?.count ?? 1
        guard urls.count == count || urls.isEmpty && count == 1, urls.allSatisfy(isWebURL) else {
            throw value.typeMismatch(expected: "http(s) URLs only")
        }
        return urls
    }

    func enumCase<Case: RawRepresentable<String> & CaseIterable>(_ name: StaticString) throws(Fault) -> Case {
        let names = Case.allCases.map(\.rawValue).joined(separator: ", ")
        return try required(name, "one of \(names)") { $0.string.flatMap(Case.init(rawValue:)) }
    }

    /// All strings in the value, at any depth.
    var texts: [String] { json?.allStrings ?? [] }

    /// A string from Ozon without the credential.
    func scrubbed(_ text: String) -> String { credential.scrub(text) }

    // MARK: - Reading

    private func member(_ name: StaticString) throws(Fault) -> ResponseValue {
        guard let json, case .object = json else { throw typeMismatch(expected: "an object") }
        let path = path.isEmpty ? "\(name)" : "\(path).\(name)"
        if json.repeats(name) { throw Fault(.ozonBadAnswer, detail: "\(method): \(path) is repeated") }
        return ResponseValue(json[name], at: path, of: method, credential)
    }

    private func optional<Value>(
        _ name: StaticString, _ expected: String, _ convert: (JSON) -> Value?
    ) throws(Fault) -> Value? {
        let value = try member(name)
        guard let json = value.json else { return nil }
        guard let result = convert(json) else { throw value.typeMismatch(expected: expected) }
        return result
    }

    private func required<Value>(
        _ name: StaticString, _ expected: String, _ convert: (JSON) -> Value?
    ) throws(Fault) -> Value {
        guard let result = try optional(name, expected, convert) else {
            throw try member(name).typeMismatch(expected: expected)
        }
        return result
    }

    private var elements: [ResponseValue]? {
        json?.array?.enumerated().map { ResponseValue($1, at: "\(path)[\($0)]", of: method, credential) }
    }

    private func typeMismatch(expected: String) -> Fault {
        let subject = path.isEmpty ? "the response" : path
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

/// Ids are numbers, but some methods write them as strings.
private func idNumber(_ json: JSON) -> Int? {
    let number = json.integer ?? json.string.flatMap(positiveInteger)
    return number.flatMap { $0 > 0 ? $0 : nil }
}

extension JSON {
    /// All strings in the value, at any depth.
    var allStrings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.allStrings)
        case .object(let members): members.flatMap { $0.value.allStrings }
        case .null, .bool, .integer, .number: []
        }
    }
}
