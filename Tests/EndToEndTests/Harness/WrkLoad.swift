import Foundation
import TestSupport

/// wrk, which sends requests to an endpoint as fast as it responds, until `stop()`.
final class WrkLoad {
    private let child: ChildProcess
    private let directory: TemporaryDirectory

    struct Summary {
        let requests: Int
        /// Unexpected statuses and failed connections.
        let failed: Int
    }

    /// - Parameter body: nil: the endpoint's good one.
    init(
        _ client: NginxClient, _ endpoint: Endpoint, body: String? = nil, expecting status: Int = 200,
        connections: Int = 16
    ) throws {
        directory = try TemporaryDirectory()
        try directory.write(
            "post.lua",
            """
            wrk.method = "POST"
            wrk.body = [[\(body ?? endpoint.goodBody)]]
            wrk.headers["Content-Type"] = "application/json"
            wrk.headers["X-API-Key"] = "\(try sandbox().key)"
            local thread
            function setup(only) thread = only end
            unexpected = 0
            function response(status) if status ~= \(status) then unexpected = unexpected + 1 end end
            function done(summary, latency)
              local e = summary.errors
              print(string.format('SUMMARY {"requests":%d,"failed":%d}', summary.requests,
                thread:get("unexpected") + e.connect + e.read + e.write + e.timeout))
            end
            """)
        child = try ChildProcess(
            "wrk",
            [
                "-t1", "-c\(connections)", "-d600s", "--timeout", "10s", "-s", directory.file("post.lua"),
                "http://127.0.0.1:\(client.port)\(endpoint.path)",
            ], output: directory.file("out"), errors: directory.file("out"))
    }

    var isRunning: Bool { child.isRunning }

    func stop() throws -> Summary {
        child.signal(SIGINT)
        try child.wait(within: 20)
        let output = try directory.read("out")
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("SUMMARY ") }) else {
            throw StartFailure(text: "wrk: \(output)")
        }
        let json = JSONValue(String(line.dropFirst("SUMMARY ".count)))
        return Summary(requests: json["requests"].int ?? 0, failed: json["failed"].int ?? -1)
    }
}
