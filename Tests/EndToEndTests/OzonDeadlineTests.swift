import Foundation
import Synchronization
import TestSupport
import Testing

extension EndToEnd {
    /// Every response arrives soon after the end of its budget, whatever the network does.
    @Suite struct OzonDeadline {
        @Test
        func `Every response arrives in time if Ozon accepts connections but never completes the TLS handshake`() throws
        {
            let server = try ScriptedServer([.stall])
            let settings = [
                "OZON_API_URL": "https://127.0.0.1:\(server.port)", "OZON_TIMEOUT": "12", "OZON_PUSH_TIMEOUT": "12",
            ]
            let nginx = try NginxInstance()
            let processes = try [Endpoint.download, .pushImages, .pushStatus].map { try nginx.start($0, settings) }
            let times = Mutex<[Double]>([])
            // The callers start at different times, so that transfers wait for others' connections.
            let callers = (0..<24).map { number in
                let (endpoint, body): (Endpoint, String) =
                    switch number {
                    case 20, 22: (.pushImages, pushBody(1000 + number, ["images": pictures(1)]))
                    case 21, 23: (.pushStatus, pushBody(1000 + number, ["task_id": 1]))
                    default: (.download, downloadBody(["A-1"]))
                    }
                let client = nginx.client
                let thread = Thread {
                    let elapsed = try? elapsedSeconds { expect(try client.post(endpoint, body), .ozonTimeout) }
                    times.withLock { $0.append(elapsed ?? .infinity) }
                }
                thread.start()
                Thread.sleep(forTimeInterval: 0.6)
                return thread
            }
            try eventually("all have a response", within: 60) {
                times.withLock { $0.count } == callers.count ? true : nil
            }
            #expect(times.withLock { $0.allSatisfy { $0 < 17 } }, "\(times.withLock { $0.sorted() })")
            withExtendedLifetime(processes) {}
        }
    }
}
