import Foundation
import Testing

extension EndToEnd {
    /// The figures of deploy/README.md: every endpoint swapped twenty times by deploy/swap, all of them under load through
    /// one nginx. Prints a row for each endpoint and each way that nginx keeps its connections.
    @Suite struct SwapProof {
        private static let swaps = 20

        /// One endpoint: requests that ask its upstreams, if it has any, and requests that are answered by itself.
        private final class Row {
            let first: Handler
            let swap: Swap
            let loads: [Load]
            var done = 0

            init(_ endpoint: Endpoint, _ stage: Stage) throws {
                first = try stage.handler(endpoint)
                swap = try Swap(endpoint, in: stage.sockets)
                let signs = [Endpoint.presign, .presignBatch, .parts].contains(endpoint)
                loads =
                    try [Load(stage.site, endpoint, connections: signs ? 4 : 2)]
                    + (signs ? [] : [Load(stage.site, endpoint, body: "{}", expecting: 400, connections: 4)])
            }
        }

        @Test(.enabled(if: isLong))
        func `Each endpoint swapped twenty times under load fails no request of half a million`() throws {
            let scratch = try Scratch()
            let settings = try sandbox().settings.merging(["LOG_LEVEL": "warning"]) { $1 }
            try scratch.write("env", settings.map { "\($0)=\($1)\n" }.joined())
            var total = 0
            for keepConnections in ["on", "off"] {
                let stage = try Stage([
                    ("ozon-r2/fastcgi.conf", "fastcgi_keep_conn on", "fastcgi_keep_conn \(keepConnections)")
                ])
                let rows = try Endpoint.allCases.map { try Row($0, stage) }
                try eventually("all swaps are done", within: 900) {
                    for row in rows where !row.swap.isRunning && row.done <= Self.swaps {
                        if row.done > 0 {
                            let (code, errors) = try row.swap.wait()
                            try #require(code == 0, "\(row.swap.endpoint): \(errors)")
                        }
                        if row.done < Self.swaps { try row.swap.start(nil, ["--env", scratch.file("env")]) }
                        row.done += 1
                    }
                    return rows.allSatisfy { $0.done > Self.swaps }
                }
                for row in rows {
                    let seen = try row.loads.map { try $0.stop() }
                    let requests = seen.map(\.requests).reduce(0, +)
                    let failed = seen.map(\.failed).reduce(0, +)
                    let name = "\(row.swap.endpoint)".padding(toLength: 22, withPad: " ", startingAt: 0)
                    print(
                        "\(name) keep_conn \(keepConnections): \(Self.swaps) swaps, \(requests) requests, \(failed) failed"
                    )
                    #expect(failed == 0, "\(row.swap.endpoint)")
                    #expect(seen.allSatisfy { $0.requests > 0 })
                    #expect(try row.first.program.wait() == 0)
                    total += requests
                }
            }
            print("\(total) requests in all")
            #expect(total >= 500_000)
        }
    }
}
