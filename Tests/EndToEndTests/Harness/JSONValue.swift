import Foundation

/// A JSON text as read by JSONSerialization: a reader that is not ours. What isn't there is nil.
struct JSONValue: CustomStringConvertible {
    let value: Any?

    init(_ text: String) {
        value = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
    }

    private init(value: Any?) { self.value = value is NSNull ? nil : value }

    subscript(name: String) -> JSONValue { JSONValue(value: (value as? [String: Any])?[name]) }
    subscript(index: Int) -> JSONValue {
        guard let list = value as? [Any], list.indices.contains(index) else { return JSONValue(value: nil) }
        return JSONValue(value: list[index])
    }

    var string: String? { value as? String }
    var int: Int? { isBool ? nil : (value as? NSNumber)?.intValue }
    var bool: Bool? { isBool ? (value as? NSNumber)?.boolValue : nil }
    var list: [JSONValue] { (value as? [Any] ?? []).map { JSONValue(value: $0) } }
    var strings: [String] { list.compactMap(\.string) }
    var names: [String] { (value as? [String: Any] ?? [:]).keys.sorted() }
    var exists: Bool { value != nil }

    private var isBool: Bool { (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false }

    /// Members in the names' order, for comparison.
    var description: String {
        guard let value,
            let data = try? JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
        else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// A value as JSON text.
func jsonText(_ value: Any) -> String {
    let data = try! JSONSerialization.data(
        withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
}
