import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Callers that disconnect at any moment do not affect others.
    @Suite(.alone) struct HangUp {
        private static let seconds: Double = runsLongTests ? 12 : 0.8

        private func waitForEnd() throws {
            let end = Date(timeIntervalSinceNow: Self.seconds)
            try eventually("the campaign's time has passed", within: Self.seconds + 5) { Date() > end }
        }

        private func expectNoFault(_ tally: HangUpCampaign.Tally, _ comment: String = "") {
            #expect(tally.errors.isEmpty, "\(comment) \(tally.errors.count): \(tally.errors.prefix(3))")
            #expect(
                tally.disconnected > 10 && tally.served > 3,
                "\(comment) \(tally.disconnected) disconnected, \(tally.served) served")
        }

        /// The number of accepted sockets that are open; the kernel lists them by their path.
        private func openConnections(_ socket: String) throws -> Int {
            try String(contentsOfFile: "/proc/net/unix", encoding: .utf8).split(separator: "\n").count { line in
                let fields = line.split(separator: " ")
                return fields.count > 7 && fields[5] == "03" && fields[7].hasPrefix(socket)
            }
        }

        /// Expects that no request or connection is left in the process, and that it exits with 0.
        private func expectNothingLeft(_ process: EndpointProcess) throws {
            #expect(process.child.isRunning)
            try eventually("\(process.endpoint): no request is in flight") {
                try process.status()["in flight"].int == 0
            }
            try eventually("\(process.endpoint): no connection is open") {
                try openConnections(process.socketPath) == 0
            }
            #expect(try process.stop() == 0, "\(process.foreignOutput)")
            #expect(try process.messages("drain cut short").isEmpty)
        }

        @Test(arguments: Endpoint.allCases)
        func `On the socket, every waiting caller gets the response to its own request`(
            _ endpoint: Endpoint
        ) throws {
            let process = try EndpointProcess(endpoint)
            expectNoFault(try HangUpCampaign.run(endpoint, .socket(process.socketPath)) { try waitForEnd() })
            try expectNothingLeft(process)
        }

        @Test(arguments: ["on", "off"])
        func `Through nginx, every waiting caller gets the response to its own request`(keepConnections: String) throws
        {
            var edits = [("ozon-r2/fastcgi.conf", "fastcgi_keep_conn on", "fastcgi_keep_conn \(keepConnections)")]
            // Without FCGI_KEEP_CONN nginx would still keep the closed connection of an unbuffered response.
            if keepConnections == "off" {
                edits.append(("ozon-r2/upstreams.conf", "include ozon-r2/keepalive.conf;", ""))
            }
            let nginx = try NginxInstance(edits)
            for endpoint in Endpoint.allCases {
                let process = try nginx.start(endpoint)
                expectNoFault(
                    try HangUpCampaign.run(endpoint, .nginx(nginx.client)) { try waitForEnd() }, "\(endpoint)")
                #expect(process.child.isRunning)
                try eventually("\(endpoint): no request is in flight") {
                    try process.status()["in flight"].int == 0
                }
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `No waiting caller notices that a new process takes over and the old one drains`(
            _ endpoint: Endpoint
        ) throws {
            let directory = try TemporaryDirectory()
            let socket = directory.file("h.sock")
            let first = try EndpointProcess(endpoint, socket: socket)
            var processes = [first]
            let tally = try HangUpCampaign.run(endpoint, .socket(socket)) {
                for _ in 0..<(runsLongTests ? 20 : 3) {
                    processes.append(try EndpointProcess(endpoint, socket: socket))
                    let old = processes[processes.count - 2]
                    #expect(try old.stop(within: 20) == 0, "\(old.foreignOutput)")
                }
            }
            expectNoFault(tally)
            try expectNothingLeft(try #require(processes.last))
        }
    }
}
