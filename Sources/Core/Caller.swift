import Encoding
import FastCGI

/// The sender of a request, as its parameters and its API key describe it.
package struct Caller: Sendable {
    package let acceptsNDJSON: Bool
    /// The permitted prefixes of object keys: a key must have a prefix from every one of these lists. They come from
    /// the scope of the API key, and from nginx's parameter `R2_PREFIX`.
    package let keyPrefixes: [[String]]

    /// A caller to which only the limits of the settings apply.
    package static let unlimited = Caller(Parameters([]), scopePrefixes: nil)

    /// - Parameter scopePrefixes: those of the API key's scope; nil for a key without a scope.
    package init(_ parameters: Parameters, scopePrefixes: [String]?) {
        acceptsNDJSON = parameters["HTTP_ACCEPT"].map { accepts("application/x-ndjson", inField: $0) } ?? false
        let prefix = parameters.all("R2_PREFIX").first.map { [[keyPrefix($0)]] }
        keyPrefixes = (scopePrefixes.map { [$0] } ?? []) + (prefix ?? [])
    }
}

/// The prefix in a value of `R2_PREFIX`. If it isn't UTF-8 in NFC, it is empty, which allows no key: two users' names
/// may be the same in NFC.
private func keyPrefix(_ value: [UInt8]) -> String {
    let text = String(decoding: value, as: UTF8.self)
    return normalizedToNFC(text).utf8.elementsEqual(value) ? text : ""
}
