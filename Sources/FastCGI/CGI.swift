import CFastCGI
import Glibc
import System

/// Plain CGI (RFC 3875): handles one request, read from the environment and standard input, and writes the response to
/// standard output.
/// - Returns: false if the response could not be written completely.
package func serveCGI(maxBodyBytes: Int, handler: @escaping Handler) -> Bool {
    let parameters = Parameters(environ)
    let request = Request(
        parameters: parameters, body: readBody(declaredLength: parameters["CONTENT_LENGTH"], limit: maxBodyBytes))
    let wakeEvent = eventfd(0, 0)
    precondition(wakeEvent >= 0, "eventfd failed")
    let output = ResponseBuffer { eventfd_write(wakeEvent, 1) }
    let task = Task { await output.send(await handler(request)) }
    var outputIsOpen = true
    while true {
        var count: eventfd_t = 0
        while eventfd_read(wakeEvent, &count) != 0 {}
        let (bytes, hasEnded) = output.take()
        if outputIsOpen, !writeAll(bytes, to: STDOUT_FILENO) {
            outputIsOpen = false
            output.abandon()
            task.cancel()
        }
        if hasEnded { return outputIsOpen }
    }
}

/// Reads exactly CONTENT_LENGTH bytes, because a CGI server need not close standard input.
private func readBody(declaredLength: String?, limit: Int) -> Request.Body {
    guard let declaredLength, !declaredLength.isEmpty else { return .bytes([]) }
    guard let expected = Int(declaredLength), expected >= 0 else { return .incomplete }
    guard expected <= limit else { return .tooLarge }
    var body: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while body.count < expected {
        let count = read(STDIN_FILENO, &buffer, min(buffer.count, expected - body.count))
        if count < 0, errno == EINTR { continue }
        if count <= 0 { return .incomplete }
        body += buffer[..<count]
    }
    return .bytes(body)
}
