import Foundation
import Testing

extension EndToEnd {
    /// Callers hang up at every moment; nobody else notices.
    @Suite struct HangUp {
        private static let seconds: Double = isLong ? 12 : 0.8

        private func waitForEnd() throws {
            let end = Date(timeIntervalSinceNow: Self.seconds)
            try eventually("the campaign's time has passed", within: Self.seconds + 5) { Date() > end }
        }

        private func expectNoFault(_ tally: HangUps.Tally, _ comment: String = "") {
            #expect(tally.faults.isEmpty, "\(comment) \(tally.faults.count): \(tally.faults.prefix(3))")
            #expect(tally.left > 10 && tally.answered > 3, "\(comment) \(tally.left) left, \(tally.answered) answered")
        }

        /// Accepted sockets that are still open, on whichever side: the kernel lists them by the path they were bound
        /// to.
        private func openConnections(_ socket: String) throws -> Int {
            try String(contentsOfFile: "/proc/net/unix", encoding: .utf8).split(separator: "\n").count { line in
                let fields = line.split(separator: " ")
                return fields.count > 7 && fields[5] == "03" && fields[7].hasPrefix(socket)
            }
        }

        /// Nothing of any request is left in the process, and it ends in good order.
        private func expectNothingLeft(_ handler: Handler) throws {
            #expect(handler.program.isRunning)
            try eventually("\(handler.endpoint): no request is in flight") {
                try handler.post("", with: [("OZON_R2_STATUS", "status")]).json["in flight"].int == 0
            }
            try eventually("\(handler.endpoint): no connection is open") { try openConnections(handler.socket) == 0 }
            #expect(try handler.stop() == 0)
            #expect(try handler.messages("draining").compactMap { $0["detail"].string } == ["0 connections"])
        }

        @Test(arguments: Endpoint.allCases)
        func `Straight to the socket, every caller who waits gets the answer that is theirs`(
            _ endpoint: Endpoint
        ) throws {
            let handler = try Handler(endpoint)
            expectNoFault(try HangUps.campaign(endpoint, .socket(handler.socket)) { try waitForEnd() })
            try expectNothingLeft(handler)
        }

        @Test(arguments: ["on", "off"])
        func `Through nginx, every caller who waits gets the answer that is theirs`(keepConnections: String) throws {
            var edits = [("ozon-r2/fastcgi.conf", "fastcgi_keep_conn on", "fastcgi_keep_conn \(keepConnections)")]
            // Without FCGI_KEEP_CONN nginx would still keep the connection of an unbuffered answer, though it is
            // closed.
            if keepConnections == "off" {
                edits.append(("ozon-r2/upstreams.conf", "include ozon-r2/keepalive.conf;", ""))
            }
            let stage = try Stage(edits)
            for endpoint in Endpoint.allCases {
                let handler = try stage.handler(endpoint)
                expectNoFault(try HangUps.campaign(endpoint, .site(stage.site)) { try waitForEnd() }, "\(endpoint)")
                #expect(handler.program.isRunning)
                try eventually("\(endpoint): no request is in flight") {
                    try handler.post("", with: [("OZON_R2_STATUS", "status")]).json["in flight"].int == 0
                }
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `While a newer process takes over and the older one drains, nobody who waits notices`(
            _ endpoint: Endpoint
        ) throws {
            let folder = try Scratch()
            let socket = folder.file("h.sock")
            let first = try Handler(endpoint, socket: socket)
            var handlers = [first]
            let tally = try HangUps.campaign(endpoint, .socket(socket)) {
                for _ in 0..<(isLong ? 20 : 3) {
                    handlers.append(try Handler(endpoint, socket: socket))
                    handlers[handlers.count - 2].program.signal(SIGTERM)
                    #expect(try handlers[handlers.count - 2].program.wait(within: 20) == 0)
                }
            }
            expectNoFault(tally)
            try expectNothingLeft(try #require(handlers.last))
        }
    }
}
