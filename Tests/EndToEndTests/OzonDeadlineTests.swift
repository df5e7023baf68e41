import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// Whatever the network does, an answer comes by its budget and a second.
    @Suite struct OzonDeadline {
        @Test func `With an Ozon that accepts and never shakes hands, every answer comes in time`() throws {
            let server = try ScriptedServer([.stall])
            let settings = [
                "OZON_API_URL": "https://127.0.0.1:\(server.port)", "OZON_TIMEOUT": "6", "OZON_PUSH_TIMEOUT": "6",
            ]
            let stage = try Stage()
            let handlers = try [Endpoint.download, .pushImages, .pushStatus].map { try stage.handler($0, settings) }
            let times = Mutex<[Double]>([])
            // Each caller of its own time, so that transfers wait for the connections of others. Most to one process.
            let callers = (0..<24).map { number in
                let (endpoint, body): (Endpoint, String) =
                    switch number {
                    case 20, 22: (.pushImages, pushBody(1000 + number, ["images": pictures(1)]))
                    case 21, 23: (.pushStatus, pushBody(1000 + number, ["task_id": 1]))
                    default: (.download, downloadBody(["A-1"]))
                    }
                let site = stage.site
                let thread = Thread {
                    let passed = try? seconds { expect(try site.post(endpoint, body), .ozonTimeout) }
                    times.withLock { $0.append(passed ?? .infinity) }
                }
                thread.start()
                Thread.sleep(forTimeInterval: 0.33)
                return thread
            }
            try eventually("all are answered", within: 20) { times.withLock { $0.count } == callers.count ? true : nil }
            #expect(times.withLock { $0.allSatisfy { $0 < 7 } }, "\(times.withLock { $0.sorted() })")
            withExtendedLifetime(handlers) {}
        }
    }
}
