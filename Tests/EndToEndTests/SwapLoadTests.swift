import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The README's figures for swaps: deploy/swap replaces every endpoint twenty times, under load through one nginx.
    /// Prints a row for each endpoint and value of fastcgi_keep_conn.
    @Suite struct SwapsUnderLoad {
        private static let swaps = 20

        /// One endpoint, with requests that call its upstreams, if it has any, and requests that do not.
        private final class Row {
            let first: EndpointProcess
            let swap: SwapCommand
            let loads: [WrkLoad]
            var done = 0

            init(_ endpoint: Endpoint, _ nginx: NginxInstance) throws {
                first = try nginx.start(endpoint)
                swap = try SwapCommand(endpoint, in: nginx.sockets)
                let signs = [Endpoint.presign, .presignBatch, .parts].contains(endpoint)
                loads =
                    try [WrkLoad(nginx.client, endpoint, connections: signs ? 4 : 2)]
                    + (signs ? [] : [WrkLoad(nginx.client, endpoint, body: "{}", expecting: 400, connections: 4)])
            }
        }

        @Test(.enabled(if: runsLongTests))
        func `No request of half a million fails while each endpoint is swapped twenty times under load`() throws {
            let directory = try TemporaryDirectory()
            let settings = try sandbox().settings.merging(["LOG_LEVEL": "warning"]) { $1 }
            try directory.write("env", settings.map { "\($0)=\($1)\n" }.joined())
            var total = 0
            for keepConnections in ["on", "off"] {
                let nginx = try NginxInstance([
                    ("ozon-r2/fastcgi.conf", "fastcgi_keep_conn on", "fastcgi_keep_conn \(keepConnections)")
                ])
                let rows = try Endpoint.allCases.map { try Row($0, nginx) }
                try eventually("all swaps are done", within: 900) {
                    for row in rows where !row.swap.isRunning && row.done <= Self.swaps {
                        if row.done > 0 {
                            let (code, errors) = try row.swap.wait()
                            try #require(code == 0, "\(row.swap.endpoint): \(errors)")
                        }
                        if row.done < Self.swaps { try row.swap.start(nil, ["--env", directory.file("env")]) }
                        row.done += 1
                    }
                    return rows.allSatisfy { $0.done > Self.swaps }
                }
                for row in rows {
                    let summary = try row.loads.map { try $0.stop() }
                    let requests = summary.map(\.requests).reduce(0, +)
                    let failed = summary.map(\.failed).reduce(0, +)
                    let name = "\(row.swap.endpoint)".padding(toLength: 22, withPad: " ", startingAt: 0)
                    print(
                        "\(name) keep_conn \(keepConnections): \(Self.swaps) swaps,",
                        "\(requests) requests, \(failed) failed"
                    )
                    #expect(failed == 0, "\(row.swap.endpoint)")
                    #expect(summary.allSatisfy { $0.requests > 0 })
                    #expect(try row.first.child.wait() == 0)
                    total += requests
                }
            }
            print("\(total) requests in all")
            #expect(total >= 500_000)
        }
    }
}
