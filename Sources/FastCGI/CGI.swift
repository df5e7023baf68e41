import CFastCGI
import Glibc
import Synchronization

/// Plain CGI (RFC 3875): one request from the environment and standard input, its answer on standard output.
/// - Returns: false if standard output took not all of it.
package func answerCGI(maxBodyBytes: Int, handler: Handler) -> Bool {
    let parameters = Parameters(environ)
    let request = Request(
        parameters: parameters, body: readBody(declared: parameters["CONTENT_LENGTH"], max: maxBodyBytes))
    let done = DoneSignal()
    Task {
        let response =
            switch handler {
            case .immediate(let respond): respond(request)
            case .suspending(let respond): await respond(request)
            }
        let output = StandardOutput()
        try? await output.write(response.head)
        switch response.body {
        case .bytes(let bytes): try? await output.write(bytes)
        case .stream(let produce): await produce(output)
        }
        done.signal(output.isIdle)
    }
    return done.wait()
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

private final class StandardOutput: BodyWriter {
    private let broken = Atomic<Bool>(false)

    var isIdle: Bool { !broken.load(ordering: .relaxed) }

    func write(_ bytes: [UInt8]) async throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.write(1, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                broken.store(true, ordering: .relaxed)
                throw CancellationError()
            }
            sent += count
        }
    }
}

/// Lets a thread wait for a task.
private final class DoneSignal: Sendable {
    private let descriptor = eventfd(0, 0)

    func signal(_ success: Bool) {
        eventfd_write(descriptor, success ? 1 : 2)
    }

    func wait() -> Bool {
        var value: eventfd_t = 0
        while eventfd_read(descriptor, &value) != 0 {}
        return value == 1
    }
}
