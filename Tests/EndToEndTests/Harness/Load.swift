import Foundation

/// wrk, posting to an endpoint as fast as it is answered until told to stop.
final class Load {
    private let program: Program
    private let scratch: Scratch

    struct Seen {
        let requests: Int
        /// Statuses other than the one expected, and whatever went wrong with a connection.
        let failed: Int
    }

    /// - Parameter body: nil: the endpoint's good one.
    init(
        _ site: Site, _ endpoint: Endpoint, body: String? = nil, expecting status: Int = 200, connections: Int = 16
    ) throws {
        scratch = try Scratch()
        let sandbox = try sandbox()
        try scratch.write(
            "post.lua",
            """
            wrk.method = "POST"
            wrk.body = [[\(body ?? endpoint.goodBody)]]
            wrk.headers["Content-Type"] = "application/json"
            wrk.headers["X-API-Key"] = "\(sandbox.key)"
            local thread
            function setup(only) thread = only end
            unexpected = 0
            function response(status) if status ~= \(status) then unexpected = unexpected + 1 end end
            function done(summary, latency)
              local e = summary.errors
              print(string.format('SEEN {"requests":%d,"failed":%d}', summary.requests,
                thread:get("unexpected") + e.connect + e.read + e.write + e.timeout))
            end
            """)
        program = try Program(
            "wrk",
            [
                "-t1", "-c\(connections)", "-d600s", "--timeout", "10s", "-s", scratch.file("post.lua"),
                "http://127.0.0.1:\(site.port)\(endpoint.path)",
            ], output: scratch.file("out"), errors: scratch.file("out"))
    }

    var isRunning: Bool { program.isRunning }

    func stop() throws -> Seen {
        program.signal(SIGINT)
        try program.wait(within: 20)
        let output = try scratch.read("out")
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("SEEN ") }) else {
            throw Sandbox.NotStarted(text: "wrk: \(output)")
        }
        let json = JSONValue(String(line.dropFirst(5)))
        return Seen(requests: json["requests"].int ?? 0, failed: json["failed"].int ?? -1)
    }
}
