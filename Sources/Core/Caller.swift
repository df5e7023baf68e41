import Encoding
import FastCGI

/// The sender of a request, as its parameters and its API key describe it.
package struct Caller: Sendable {
    package let acceptsNDJSON: Bool
    /// The permitted prefixes of object keys: a key must have a prefix from every one of these lists. They come from
    /// the scope of the API key, and from nginx's parameter `R2_PREFIX`.
    package let keyPrefixes: [[String]]

    /// A caller to which only the limits of the settings apply.
    package static let unlimited = Caller(Parameters([]), scope: nil)

    /// - Parameter scope: the prefixes of the API key's scope; nil for a key without a scope.
    package init(_ parameters: Parameters, scope: [String]?) {
        acceptsNDJSON = parameters["HTTP_ACCEPT"].map { accepts("application/x-ndjson", inField: $0) } ?? false
        keyPrefixes = (scope.map { [$0] } ?? []) + (parameters["R2_PREFIX"].map { [[$0]] } ?? [])
    }
}
