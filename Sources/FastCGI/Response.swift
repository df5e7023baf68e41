/// An answer in CGI's form: header lines (`Status: 200\r\n…`, ended by an empty line), then the body.
package struct Response: Sendable {
    package let head: [UInt8]
    package let body: Body

    package enum Body: Sendable {
        case bytes([UInt8])
        /// Written as it comes to be. The writer's calls throw CancellationError once the reader has gone.
        case stream(@Sendable (any BodyWriter) async -> Void)
    }

    package init(head: [UInt8], body: Body) {
        self.head = head
        self.body = body
    }
}

package protocol BodyWriter: Sendable {
    /// Takes the bytes at once and returns when there is room for more: a slow reader suspends its own handler only.
    func write(_ bytes: [UInt8]) async throws
    /// True when nothing waits to be sent: the moment for a heartbeat.
    var isIdle: Bool { get }
}

/// Answers one request.
package enum Handler: Sendable {
    /// Pure computing: runs on the worker's thread, without a task (1 µs of a presigned URL's 14).
    case immediate(@Sendable (Request) -> Response)
    /// Runs on a worker's thread until it first suspends; cancelled when the peer hangs up.
    case suspending(@Sendable (Request) async -> Response)
}
