import Encoding
import Glibc

/// A handler's inputs other than the request body.
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
