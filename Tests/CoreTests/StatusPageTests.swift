import FastCGI
import Foundation
import Testing

@testable import Core
@testable import Telemetry

@Suite struct StatusPageTests {
    private let scoreboard = Scoreboard(endpoint: "test")

    private func get(_ path: String?, maxInFlight: Int = 1) async throws -> Reply {
        let path = path.map { [("OZON_R2_STATUS", $0)] } ?? []
        let pipeline = RequestPipeline<Input, Output>(
            tools: NoTools(), keys: APIKeys(["key"]), maxInFlight: maxInFlight, telemetry: telemetry(scoreboard))
        let handler = StatusPage(scoreboard).before(
            pipeline.handler { input, _ in Output(name: input.name) })
        let parameters = Parameters(goodRequest.map { ($0, $1) } + path)
        return try await Reply(handler(Request(parameters: parameters, body: .bytes(Array(#"{"name":"x"}"#.utf8)))))
    }

    private func status() async throws -> [String: Any] {
        let reply = try await get("/ozon-r2/test/status")
        #expect(reply.status == 200)
        #expect(reply.headers["Content-Type"] == "application/json")
        return try #require(try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any])
    }

    @Test func `The last segment of the path selects the page, and anything else is 404`() async throws {
        let ping = try await get("/ozon-r2/test/ping")
        #expect((ping.status, ping.body, ping.headers["Content-Type"]) == (200, "pong\n", "text/plain"))
        #expect(try await get("ping").body == "pong\n")
        for path in ["", "/", "/ozon-r2/test/", "/ozon-r2/test/pings", "/ping/x"] {
            let reply = try await get(path)
            #expect(reply.status == 404, "\(path)")
            #expect(try reply.member("code") == "NOT_FOUND")
        }
        #expect(try await get(nil).body == #"{"hello":"x"}"#)
    }

    @Test func `Status requests are not counted and are answered when the process is at its limit`() async throws {
        _ = scoreboard.beginRequest()
        #expect(try await get("ping", maxInFlight: 1).body == "pong\n")
        #expect(try await status()["accepted conn"] as? Int == 1)
        #expect(try await get(nil, maxInFlight: 1).status == 503)
        let json = try await status()
        #expect(json["accepted conn"] as? Int == 2)
        #expect(json["max children reached"] as? Int == 1)
        #expect(json["by status"] as? [String: Int] == ["503": 1])
        #expect(json["by outcome"] as? [String: Int] == ["OVERLOADED": 1])
        #expect((json["in flight"] as? Int, json["max in flight"] as? Int) == (1, 2))
    }

    @Test func `The status uses PHP-FPM's names, in total and for each process`() async throws {
        _ = try await get(nil)
        let json = try await status()
        #expect(json["pool"] as? String == "test")
        #expect(json["total processes"] as? Int == 1)
        let processes = try #require(json["processes"] as? [[String: Any]])
        #expect(processes.map { $0["pid"] as? Int } == [Int(getpid())])
        for members in [json, processes[0]] {
            #expect(members["accepted conn"] as? Int == 1)
            #expect(members["slow requests"] as? Int == 0)
            #expect((members["start since"] as? Int).map { 0...60 ~= $0 } == true)
            let latency = try #require(members["latency"] as? [String: Any])
            #expect(latency["count"] as? Int == 1)
            #expect((latency["le"] as? [String: Int])?["+Inf"] == 1)
        }
    }

    @Test func `Metrics are valid OpenMetrics with labels on every sample`() async throws {
        _ = try await get(nil)
        let reply = try await get("/ozon-r2/test/metrics")
        #expect(
            reply.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(reply.body.hasSuffix("\n# EOF\n"))
        let labels = #"endpoint="test",pid="\#(getpid())""#
        #expect(reply.body.contains("ozon_r2_requests_total{\(labels),status=\"200\",outcome=\"OK\"} 1\n"))
        #expect(reply.body.contains("ozon_r2_request_seconds_bucket{\(labels),le=\"+Inf\"} 1\n"))
        let samples = reply.body.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples.allSatisfy { $0.contains("{\(labels)") })
    }
}
