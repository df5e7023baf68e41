import Foundation

/// wrk, posting to an endpoint as fast as it is answered until told to stop.
final class Load {
    private let program: Program
    private let scratch: Scratch

    struct Seen {
        let requests: Int
        /// Statuses other than 2xx and 3xx, and whatever went wrong with a connection.
        let failed: Int
    }

    init(_ site: Site, _ endpoint: Endpoint, connections: Int = 16) throws {
        scratch = try Scratch()
        let sandbox = try sandbox()
        try scratch.write(
            "post.lua",
            """
            wrk.method = "POST"
            wrk.body = [[\(endpoint.goodBody)]]
            wrk.headers["Content-Type"] = "application/json"
            wrk.headers["X-API-Key"] = "\(sandbox.key)"
            function done(summary, latency)
              local e = summary.errors
              print(string.format('SEEN {"requests":%d,"failed":%d}', summary.requests,
                e.status + e.connect + e.read + e.write + e.timeout))
            end
            """)
        program = try Program(
            "wrk",
            [
                "-t1", "-c\(connections)", "-d120s", "--timeout", "10s", "-s", scratch.file("post.lua"),
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
