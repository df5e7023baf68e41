import Encoding
import FastCGI
import JSON
import Synchronization
import Telemetry

/// Writes a response as newline-delimited JSON, line by line.
package final class LineWriter: Sendable {
    private let buffer: ResponseBuffer
    private let count = Atomic<Int>(0)

    init(_ buffer: ResponseBuffer) {
        self.buffer = buffer
    }

    /// How many bytes have been written.
    var bytes: Int { count.load(ordering: .relaxed) }

    /// Writes one object. Returns when the client keeps up with reading, and throws CancellationError once it has closed the
    /// connection.
    package func line(_ members: (inout JSONWriter) -> Void) async throws {
        var json = JSONWriter(capacity: 1024)
        json.object(members)
        var line = json.bytes
        line.append(.newline)
        count.add(line.count, ordering: .relaxed)
        try await RequestTrace.waitingForClient { try await buffer.write(line) }
    }

    /// Runs the work, and meanwhile sends a blank line every 5 s if nothing else is being sent, so that neither nginx nor the browser
    /// takes a long pause for a broken connection.
    func withHeartbeats(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while true {
                    try await Task.sleep(for: .seconds(5))
                    if buffer.isIdle { try await buffer.write([.newline]) }
                }
            }
            defer { group.cancelAll() }
            try await work()
        }
    }
}
