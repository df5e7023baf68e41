import CFastCGI
import Glibc

/// Plain CGI (RFC 3875): one request from the environment and standard input, its answer on standard output.
/// - Returns: false if the answer could not be written completely.
package func answerCGI(maxBodyBytes: Int, handler: @escaping Handler) -> Bool {
    let parameters = Parameters(environ)
    let request = Request(
        parameters: parameters, body: readBody(declared: parameters["CONTENT_LENGTH"], max: maxBodyBytes))
    let wakeEvent = eventfd(0, 0)
    precondition(wakeEvent >= 0, "eventfd")
    let output = ResponseBuffer { eventfd_write(wakeEvent, 1) }
    let task = Task { await output.send(await handler(request)) }
    var outputIsOpen = true
    while true {
        var count: eventfd_t = 0
        while eventfd_read(wakeEvent, &count) != 0 {}
        let (bytes, hasEnded) = output.take()
        if outputIsOpen, !writeToStandardOutput(bytes) {
            outputIsOpen = false
            output.abandon()
            task.cancel()
        }
        if hasEnded { return outputIsOpen }
    }
}

/// Exactly CONTENT_LENGTH bytes: a CGI server need not close standard input.
private func readBody(declared: String?, max: Int) -> Request.Body {
    guard let declared, !declared.isEmpty else { return .bytes([]) }
    guard let expected = Int(declared), expected >= 0 else { return .incomplete }
    guard expected <= max else { return .tooLarge }
    var body: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while body.count < expected {
        let count = read(0, &buffer, min(buffer.count, expected - body.count))
        if count < 0, errno == EINTR { continue }
        if count <= 0 { return .incomplete }
        body += buffer[..<count]
    }
    return .bytes(body)
}

private func writeToStandardOutput(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { write(1, $0.baseAddress!, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        sent += count
    }
    return true
}
