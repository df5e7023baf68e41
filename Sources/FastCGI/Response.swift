/// A response in CGI's form: header lines (`Status: 200\r\n…`, ended by an empty line), then the body.
package struct Response: Sendable {
    package let head: [UInt8]
    package let body: Body

    package enum Body: Sendable {
        case bytes([UInt8])
        /// Produced incrementally. `ResponseBuffer.write` throws CancellationError once the reader has gone.
        case stream(@Sendable (ResponseBuffer) async -> Void)
    }

    package init(head: [UInt8], body: Body) {
        self.head = head
        self.body = body
    }
}
