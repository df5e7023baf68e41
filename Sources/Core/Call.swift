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

/// One request on its way through an endpoint.
package struct Call<Tools: Core.Tools>: Sendable {
    package let tools: Tools
    /// The caller takes application/x-ndjson.
    package let wantsLines: Bool
    /// The moment it arrived, by the server's clock.
    package let time: UTCTime
    private let prefix: String?
    private let scope: AllowedPrefixes?
    private let scoreboard: Scoreboard

    init(tools: Tools, parameters: Parameters, scope: AllowedPrefixes?, scoreboard: Scoreboard) {
        self.scope = scope
        self.tools = tools
        self.scoreboard = scoreboard
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        time = UTCTime(seconds: now.tv_sec)
        wantsLines = parameters["HTTP_ACCEPT"].map { accepts($0, "application/x-ndjson") } ?? false
        prefix = parameters["R2_PREFIX"]
    }

    /// - Throws: 403 if the object key lies outside the allowed prefixes, the API key's own, or nginx's `R2_PREFIX` for this
    ///   request.
    package func allow(_ key: ObjectKey, by rules: UploadRules) throws(Fault) {
        let prefixes = prefix.map { rules.prefixes.narrowed(by: $0) } ?? rules.prefixes
        if !prefixes.allows(key) || scope?.allows(key) == false { throw Fault(.pathNotAllowed) }
    }

    /// So many URLs were signed, for the status.
    package func signed(_ count: Int) {
        scoreboard.add(.signedURLs, count)
    }
}

/// Whether an Accept header names the type (and not with q=0).
func accepts(_ header: String, _ type: String) -> Bool {
    header.lowercased().split(separator: ",").contains { range in
        let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        return parts.first == type
            && !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
    }
}
