package protocol RequestBody: Sendable {
    associatedtype Tools: Core.Tools
    /// Reads all fields before it throws, so that the response lists everything that is wrong.
    init(_ fields: Fields, _ tools: Tools) throws(InvalidFields)
}
