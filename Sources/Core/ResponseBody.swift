import JSON

/// The body of a response with status 200.
package protocol ResponseBody: Sendable {
    var content: ResponseContent { get }
}

package enum ResponseContent: Sendable {
    case json([UInt8])
    /// A stream of lines, each a JSON object (application/x-ndjson).
    case ndjson(@Sendable (LineWriter) async throws -> Void)
}

extension ResponseBody where Self: JSONWritable {
    package var content: ResponseContent { .json(JSONWriter.bytes(self)) }
}
