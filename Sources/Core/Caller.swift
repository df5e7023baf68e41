import Encoding
import FastCGI

/// What the parameters of a request and its API key permit.
package struct Caller: Sendable {
    /// The client accepts application/x-ndjson.
    package let acceptsNDJSON: Bool
    /// Where the caller's object keys may lie: a key must have a prefix of every one of these lists. They come from the scope of
    /// the API key, and from nginx's parameter `R2_PREFIX`.
    package let keyPrefixes: [[String]]

    /// A caller without limits of its own; those of the settings apply.
    package static let unlimited = Caller(Parameters([]), scope: nil)

    /// - Parameter scope: the prefixes of the API key's scope; nil for a key without a scope.
    package init(_ parameters: Parameters, scope: [String]?) {
        acceptsNDJSON = parameters["HTTP_ACCEPT"].map { accepts($0, "application/x-ndjson") } ?? false
        keyPrefixes = (scope.map { [$0] } ?? []) + (parameters["R2_PREFIX"].map { [[$0]] } ?? [])
    }
}
