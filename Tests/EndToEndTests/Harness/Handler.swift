import Foundation
import Testing

/// One executable on a socket of its own, with settings of its own.
final class Handler {
    let endpoint: Endpoint
    let program: Program
    let socket: String
    let log: String
    private let scratch: Scratch

    /// - Parameter settings: besides the sandbox's, or in their place.
    /// - Parameter socket: nil: one of its own. An older process may still listen there.
    /// - Parameter launcher: put before the executable: `prlimit --nofile=64`.
    init(
        _ endpoint: Endpoint, _ settings: [String: String] = [:], socket: String? = nil, launcher: [String] = []
    ) throws {
        self.endpoint = endpoint
        scratch = try Scratch()
        let path = socket ?? scratch.file("h.sock")
        self.socket = path
        log = scratch.file("log")
        let command = launcher + [executable(endpoint), "--listen", path]
        program = try Program(
            command[0], Array(command.dropFirst()),
            environment: try sandbox().settings.merging(settings) { $1 }, errors: log)
        let (program, log) = (program, log)
        try eventually("\(endpoint) listens at \(path)") {
            guard program.isRunning else {
                throw Sandbox.NotStarted(text: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
            }
            // The name appears, by rename, when the socket listens; then this line.
            return (try? logLines(log))?.contains { $0["message"].string == "started" } == true
        }
    }

    /// No log of any handler holds a secret: looked at when each one ends.
    deinit {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        for secret in (try? sandbox().secrets) ?? [] {
            #expect(!text.contains(secret), "\(endpoint)'s log holds a secret")
        }
    }

    func connect(patience: Double = 20) throws -> FastCGIWire { try FastCGIWire(path: socket, patience: patience) }

    /// One request on a connection of its own.
    func post(_ body: String, with changes: [(String, String?)] = []) throws -> HTTPAnswer {
        try connect().post(body, with: changes)
    }

    /// Has answered once: what a process does for its first call alone is done.
    func warmedUp() throws -> Handler {
        #expect(try post(endpoint.goodBody).status == 200)
        return self
    }

    func messages(_ message: String) throws -> [JSONValue] {
        try logLines(log).filter { $0["message"].string == message }
    }

    /// Tells it to end, and answers its exit code.
    func stop(within seconds: Double = 10) throws -> Int32 {
        program.signal(SIGTERM)
        return try program.wait(within: seconds)
    }

    /// Survives what the body does to it: the same process answers afterwards.
    func outlives(_ body: (Handler) throws -> Void) throws {
        try body(self)
        #expect(program.isRunning)
        #expect(try post(endpoint.goodBody).status == 200)
    }
}
