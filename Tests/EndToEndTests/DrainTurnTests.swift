import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The processes that share a socket drain one after the other (Sources/Core/DrainTurn.swift).
    @Suite(.alone) struct DrainTurns {
        @Test
        func `While both instances are restarted at once, each with requests in flight, no request waits for a second`()
            throws
        {
            let units = try SimulatedUnits(.download, ["OZON_TIMEOUT": "30"])
            func inFlight() throws -> [Int] {
                let page = try http("GET", port: units.nginx.client.port, "/ozon-r2/\(Endpoint.download)/status").json
                return page["processes"].list.compactMap { $0["in flight"].int }
            }
            // They outlast the three seconds after which a process with the lock drains even if no other one serves.
            var slow: [SocketConnection] = []
            try eventually("both have requests in flight") {
                slow.append(
                    try units.nginx.client.open(.download, Array(downloadBody(["A-1"], key: "slow-8s").utf8)))
                let counts = try inFlight()
                return counts.count == 2 && counts.allSatisfy { $0 > 0 }
            }
            let before = try units.instances()
            let restart = try ChildProcess(
                "\(repository)/Tests/Support/systemctl",
                ["restart"] + [1, 2].map { "\(Endpoint.download)@\($0).service" }, environment: units.environment)
            var longest = 0.0
            var requests = 0
            while restart.isRunning {
                var status = 0
                let seconds = try elapsedSeconds {
                    status = try units.nginx.client.post(.download, downloadBody(["A-1"])).status
                }
                #expect(status == 200)
                longest = max(longest, seconds)
                requests += 1
            }
            #expect(try restart.wait() == 0)
            #expect(longest < 1)
            #expect(requests > 10)
            #expect(try Set(units.instances()).isDisjoint(with: before))
            for connection in slow {
                let response = try HTTPResponse(connection.readToEnd())
                #expect(response.status == 200, "\(response)")
            }
            let messages = try logLines(units.log).compactMap { $0["message"].string }
            #expect(messages.filter { $0 == "waiting to drain" }.count == 1)
            #expect(messages.filter { $0 == "draining" }.count == 2)
        }
    }
}
