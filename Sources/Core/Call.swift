import FastCGI
import Glibc
import HTTP
import R2

/// What an endpoint holds for its whole life, made from the settings at the start. nil: `settings` has noted why.
package protocol Tools: Sendable {
    init?(_ settings: inout Settings)
}

/// The body of a request, read field by field. nil: what is wrong is noted in `fields`.
package protocol RequestBody: Sendable {
    associatedtype Tools: Core.Tools
    init?(_ fields: Fields, _ tools: Tools)
}

/// The body of an answer with status 200.
package protocol ResponseBody: JSONWritable, Sendable {
    /// Set: the answer is a stream of lines (application/x-ndjson) in place of one JSON text.
    var lines: (@Sendable (LineWriter) async throws -> Void)? { get }
}

extension ResponseBody {
    package var lines: (@Sendable (LineWriter) async throws -> Void)? { nil }
}

/// What a request's parameters and its API key say about the caller.
package struct Caller: Sendable {
    /// It takes application/x-ndjson.
    package let wantsLines: Bool
    /// Where its object keys may lie: the scope of its API key and nginx's `R2_PREFIX` for this request.
    let prefixes: AllowedPrefixes

    /// One without limits of its own; those of the settings hold.
    package static let unlimited = Caller(Parameters([]), scope: nil)

    /// - Parameter scope: nil: everywhere.
    package init(_ parameters: Parameters, scope: AllowedPrefixes?) {
        wantsLines = parameters["HTTP_ACCEPT"].map { accepts($0, "application/x-ndjson") } ?? false
        let scope = scope ?? AllowedPrefixes([])
        prefixes = parameters["R2_PREFIX"].map { scope.narrowed(by: $0) } ?? scope
    }
}

/// One request on its way through an endpoint.
package struct Call<Tools: Core.Tools>: Sendable {
    package let tools: Tools
    /// The caller takes application/x-ndjson.
    package let wantsLines: Bool
    /// The moment it arrived, by the server's clock.
    package let time: UTCTime
    private let scoreboard: Scoreboard

    init(tools: Tools, caller: Caller, scoreboard: Scoreboard) {
        self.tools = tools
        self.scoreboard = scoreboard
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        time = UTCTime(seconds: now.tv_sec)
        wantsLines = caller.wantsLines
    }

    /// So many URLs were signed, for the status.
    package func signed(_ count: Int) {
        scoreboard.add(.signedURLs, count)
    }
}

/// Whether an Accept header names the type (and not with q=0).
func accepts(_ header: String, _ type: String) -> Bool {
    header.split(separator: ",").contains { range in
        let parameters = range.lowercased().split(separator: ";").dropFirst().map {
            $0.filter { $0 != " " && $0 != "\t" }
        }
        return mediaType(range) == type
            && !parameters.contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
    }
}
