import Foundation

/// JSON as parsed by Foundation, independently of the code under test. Accessors of a missing value are nil or empty.
package struct JSONValue: CustomStringConvertible {
    package let value: Any?

    package init(_ text: String) {
        value = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
    }

    private init(value: Any?) { self.value = value is NSNull ? nil : value }

    package subscript(name: String) -> JSONValue { JSONValue(value: (value as? [String: Any])?[name]) }
    package subscript(index: Int) -> JSONValue {
        guard let list = value as? [Any], list.indices.contains(index) else { return JSONValue(value: nil) }
        return JSONValue(value: list[index])
    }

    package var string: String? { value as? String }
    package var int: Int? { isBool ? nil : (value as? NSNumber)?.intValue }
    package var bool: Bool? { isBool ? (value as? NSNumber)?.boolValue : nil }
    package var list: [JSONValue] { (value as? [Any] ?? []).map { JSONValue(value: $0) } }
    package var strings: [String] { list.compactMap(\.string) }
    package var names: [String] { (value as? [String: Any] ?? [:]).keys.sorted() }
    package var exists: Bool { value != nil }

    private var isBool: Bool { (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false }

    /// Compact JSON with sorted names, for comparison.
    package var description: String {
        guard let value,
            let data = try? JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
        else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Encodes a value of Foundation's types as JSON.
package func jsonText(_ value: Any) -> String {
    let data = try! JSONSerialization.data(
        withJSONObject: value, options: [.fragmentsAllowed, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
}
