import Foundation
import TestSupport
import Testing

/// One endpoint's executable, with a socket and settings of its own.
final class EndpointProcess {
    let endpoint: Endpoint
    let child: ChildProcess
    let socketPath: String
    let log: String
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - settings: added to the sandbox's, which they override.
    ///   - socket: nil: a new one. An older process may still listen on it.
    ///   - launcher: a command that runs the executable, such as `prlimit --nofile=64`.
    init(
        _ endpoint: Endpoint, _ settings: [String: String] = [:], socket: String? = nil, launcher: [String] = []
    ) throws {
        self.endpoint = endpoint
        directory = try TemporaryDirectory()
        let path = socket ?? directory.file("h.sock")
        socketPath = path
        log = directory.file("log")
        let command = launcher + [executable(endpoint), "--listen", path]
        let child = try ChildProcess(
            command[0], Array(command.dropFirst()),
            environment: try sandbox().settings.merging(settings) { $1 }, errors: log)
        self.child = child
        let log = log
        try eventually("\(endpoint) listens on \(path)") {
            guard child.isRunning else {
                throw StartFailure(text: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
            }
            // The socket is renamed to its path once it listens, and then this line is logged.
            return (try? logLines(log))?.contains { $0["message"].string == "started" } == true
        }
    }

    /// Checks that the log contains no secret.
    deinit {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        for secret in (try? sandbox().secrets) ?? [] {
            #expect(!text.contains(secret), "the log of \(endpoint) contains a secret")
        }
    }

    func connect(timeout: Double = 20) throws -> FastCGIConnection {
        try FastCGIConnection(path: socketPath, timeout: timeout)
    }

    /// Sends one request on a new connection. `changes` replace or add parameters; nil removes one.
    func post(_ body: String, with changes: [(String, String?)] = []) throws -> HTTPResponse {
        try connect().post(body, with: changes)
    }

    /// The process's own counters.
    func status() throws -> JSONValue { try post("", with: [("OZON_R2_STATUS", "status")]).json }

    /// Serves one request, so that the one-time work of the first request is done.
    func warmedUp() throws -> EndpointProcess {
        #expect(try post(endpoint.goodBody).status == 200)
        return self
    }

    /// The log lines with this message.
    func messages(_ message: String) throws -> [JSONValue] {
        try logLines(log).filter { $0["message"].string == message }
    }

    /// Sends TERM and returns the exit code.
    func stop(within seconds: Double = 10) throws -> Int32 {
        child.signal(SIGTERM)
        return try child.wait(within: seconds)
    }

    /// The first lines on standard error that are not the process's own log: a sanitizer's report, or why it crashed.
    var foreignOutput: String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("{") }.prefix(80).joined(separator: "\n")
    }

    /// Checks that the same process still responds after the body.
    func survives(_ body: (EndpointProcess) throws -> Void) throws {
        try body(self)
        #expect(child.isRunning)
        #expect(try post(endpoint.goodBody).status == 200)
    }

    var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child.pid)/fd").count) ?? 0
    }
}

/// The lines of a log. A line that is still being written is left out.
func logLines(_ path: String) throws -> [JSONValue] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { JSONValue(String($0)) }
}
