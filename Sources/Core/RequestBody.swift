/// The fields of a request's body, as an endpoint's `Input` has them.
package protocol RequestBody: Sendable {
    associatedtype Tools: Core.Tools
    /// Reads all fields before it throws, so that the response lists everything that is wrong.
    init(_ fields: Fields, _ tools: Tools) throws(InvalidFields)
}
