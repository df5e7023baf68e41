import FastCGI
import Synchronization

/// Newline-delimited JSON: one object a line, as it happens.
package final class LineWriter: Sendable {
    private let body: Output
    private let count = Atomic<Int>(0)

    init(_ body: Output) {
        self.body = body
    }

    var bytes: Int { count.load(ordering: .relaxed) }

    /// Returns when the reader keeps up; throws CancellationError once it has gone.
    package func line(_ members: (inout JSONWriter) -> Void) async throws {
        var json = JSONWriter(capacity: 1024)
        json.object(members)
        var line = json.bytes
        line.append(UInt8(ascii: "\n"))
        count.add(line.count, ordering: .relaxed)
        try await Trace.during(.client) { try await body.write(line) }
    }

    /// Runs the work, and sends a blank line every 5 s in which nothing is on its way, so that neither nginx nor the browser
    /// takes a long step for a broken connection.
    func withHeartbeats(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                while true {
                    try await Task.sleep(for: .seconds(5))
                    if body.isIdle { try await body.write([UInt8(ascii: "\n")]) }
                }
            }
            defer { group.cancelAll() }
            try await work()
        }
    }
}
