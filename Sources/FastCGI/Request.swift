import Synchronization

/// One request, copied out of libfcgi (whose strings are freed when the request is finished) or a CGI environment.
package struct Request: Sendable {
    package let parameters: Parameters
    private let holder: BodyHolder

    package enum Body: Sendable {
        case bytes([UInt8])
        /// Longer than the server's `maxBodyBytes`; read and discarded.
        case tooLarge
        /// Its length differs from CONTENT_LENGTH.
        case incomplete
    }

    package init(parameters: Parameters, body: Body) {
        self.parameters = parameters
        holder = BodyHolder(body)
    }

    /// Takes the body out of the request, so that the request, which exists until its response is complete, no longer
    /// uses memory for it.
    /// - Returns: `.incomplete` if the body was taken before.
    package func takeBody() -> Body {
        holder.body.withLock { body in
            defer { body = .incomplete }
            return body
        }
    }
}

private final class BodyHolder: Sendable {
    let body: Mutex<Request.Body>

    init(_ body: Request.Body) {
        self.body = Mutex(body)
    }
}
