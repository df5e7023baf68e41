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

    /// The number of bytes written, without heartbeats.
    var bytes: Int { count.load(ordering: .relaxed) }

    /// Writes one object, and waits until there is room for more.
    /// - Throws: CancellationError if the client has closed the connection.
    package func line(_ members: (inout JSONWriter) -> Void) async throws {
        var json = JSONWriter(capacity: 1024)
        json.object(members)
        var line = json.bytes
        line.append(.newline)
        count.add(line.count, ordering: .relaxed)
        try await RequestTrace.waitingForClient { try await buffer.write(line) }
    }

    private static let heartbeatInterval = Duration.seconds(5)

    /// Runs the work, and sends a blank line at intervals whenever the buffer is empty, because nginx or the browser
    /// could take a long pause for a broken connection.
    func withHeartbeats(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while true {
                    try await Task.sleep(for: Self.heartbeatInterval)
                    if buffer.isEmpty { try await buffer.write([.newline]) }
                }
            }
            defer { group.cancelAll() }
            try await work()
        }
    }
}
