import Encoding
import Glibc
import JSON

/// What an endpoint keeps for its whole life, made from the settings at the start.
package protocol Tools: Sendable {
    /// Nil if a setting can't be used; `settings` then has the fault. `serve` calls it, and infers the type from the endpoint's
    /// `Input`. It must read all settings unconditionally, because each read declares its setting for `--help`.
    init?(_ settings: inout Settings)
}

/// The body of a request.
package protocol RequestBody: Sendable {
    associatedtype Tools: Core.Tools
    /// Reads all fields before it throws, so that the response lists everything that is wrong.
    init(_ fields: Fields, _ tools: Tools) throws(InvalidFields)
}

/// The body of a response with status 200.
package protocol ResponseBody: Sendable {
    var content: ResponseContent { get }
}

/// What a response consists of.
package enum ResponseContent: Sendable {
    case json([UInt8])
    /// A stream of lines, each a JSON object (application/x-ndjson).
    case ndjson(@Sendable (LineWriter) async throws -> Void)
}

extension ResponseBody where Self: JSONWritable {
    package var content: ResponseContent { .json(JSONWriter.bytes(self)) }
}

/// One request on its way through an endpoint.
package struct RequestContext<Tools: Core.Tools>: Sendable {
    package let tools: Tools
    /// The client accepts application/x-ndjson.
    package let acceptsNDJSON: Bool
    /// When the request arrived, by the server's clock.
    package let time: UTCTime

    init(tools: Tools, caller: Caller) {
        self.tools = tools
        time = UTCTime(seconds: Glibc.time(nil))
        acceptsNDJSON = caller.acceptsNDJSON
    }
}
