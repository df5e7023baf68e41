import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The processes that share a socket drain one after the other (Sources/Core/DrainTurn.swift).
    @Suite(.alone) struct DrainTurns {
        @Test
        func `While both instances are restarted at once, other requests do not wait for those in flight`() throws {
            let units = try SimulatedUnits(.download, ["OZON_TIMEOUT": "600"])
            let (ozon, clientID) = (try OzonStandIn.shared(), newClientID())
            defer { try? ozon.release(clientID) }
            func inFlight() throws -> [Int] {
                let page = try http("GET", port: units.nginx.client.port, "/ozon-r2/\(Endpoint.download)/status").json
                return page["processes"].list.compactMap { $0["in flight"].int }
            }
            func messages() throws -> [String] { try logLines(units.log).compactMap { $0["message"].string } }
            let held = Array(downloadBody(["A-1"], clientID: clientID, key: "held").utf8)
            var slow: [SocketConnection] = []
            try eventually("both have requests in flight") {
                slow.append(try units.nginx.client.open(.download, held))
                let counts = try inFlight()
                return counts.count == 2 && counts.allSatisfy { $0 > 0 }
            }
            let before = try units.instances()
            let restart = try ChildProcess(
                "\(repository)/Tests/Support/systemctl",
                ["restart"] + [1, 2].map { "\(Endpoint.download)@\($0).service" }, environment: units.environment)
            func serves() throws {
                #expect(try units.nginx.client.post(.download, downloadBody(["A-1"])).status == 200)
            }
            try eventually("one of them drains") {
                try serves()
                return try messages().contains("draining")
            }
            // For longer than the three seconds after which a process with the lock drains even if no other one serves.
            // If both drained, a request would wait for those in flight, which end only after this.
            let end = Date(timeIntervalSinceNow: 5)
            while Date() < end { try serves() }
            #expect(restart.isRunning)
            try ozon.release(clientID)
            while restart.isRunning { try serves() }
            #expect(try restart.wait() == 0)
            #expect(try Set(units.instances()).isDisjoint(with: before))
            for connection in slow {
                let response = try HTTPResponse(connection.readToEnd())
                #expect(response.status == 200, "\(response)")
            }
            #expect(try messages().count { $0 == "waiting to drain" } == 1)
            #expect(try messages().count { $0 == "draining" } == 2)
        }
    }
}
