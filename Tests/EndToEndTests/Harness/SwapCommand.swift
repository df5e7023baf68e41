import Foundation
import TestSupport
import Testing

/// deploy/swap, run for an endpoint whose socket is in a test's own directory. The process that takes over is not a
/// child of the tests, so it is found by its socket; it is ended with this value.
final class SwapCommand {
    let endpoint: Endpoint
    let runDirectory: String
    private let files: TemporaryDirectory
    private let environment: [String: String]
    private var child: ChildProcess?

    var socketPath: String { "\(runDirectory)/\(endpoint).sock" }

    init(_ endpoint: Endpoint, in runDirectory: String, environment: [String: String] = [:]) throws {
        (self.endpoint, self.runDirectory, self.environment) = (endpoint, runDirectory, environment)
        files = try TemporaryDirectory()
    }

    deinit {
        if let pid = try? listener() { kill(pid, SIGTERM) }
    }

    /// - Parameter binary: the new executable; nil: the endpoint's own.
    func start(_ binary: String? = nil, _ options: [String] = []) throws {
        child = try ChildProcess(
            "\(repository)/deploy/swap",
            ["--run", runDirectory] + options + [endpoint.rawValue, binary ?? executable(endpoint)],
            environment: environment, output: files.file("out"), errors: files.file("err"))
    }

    var isRunning: Bool { child?.isRunning ?? false }
    func signal(_ number: Int32) { child?.signal(number) }
    func output() throws -> String { try files.read("out") }

    func wait() throws -> (code: Int32, errors: String) {
        (try #require(child).wait(within: 60), try files.read("err"))
    }

    func run(_ binary: String? = nil, _ options: [String] = []) throws -> (code: Int32, errors: String) {
        try start(binary, options)
        return try wait()
    }

    /// The process that called listen(2) on the socket.
    func listener() throws -> pid_t {
        let connection = try SocketConnection(path: socketPath)
        var peer: [pid_t] = [0, 0, 0]  // struct ucred: process, user, group
        var size = socklen_t(12)
        guard getsockopt(connection.descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 else {
            throw SocketError("SO_PEERCRED")
        }
        return peer[0]
    }

    /// A script that behaves like the endpoint's executable, except when it is started with `option`: then it runs
    /// `behaviour`, in which `$real` is the real executable.
    /// - Parameter option: the first argument; "": none.
    func impostor(_ behaviour: String, startedWith option: String = "--listen") throws -> String {
        let name = "impostor-\(UUID().uuidString.prefix(4))"
        try files.write(
            "\(name).sh",
            """
            #!/usr/bin/env bash
            real=\(executable(endpoint))
            if [ "${1:-}" != "\(option)" ]; then exec "$real" "$@"; fi
            \(behaviour)
            """)
        try installExecutable(files.file("\(name).sh"), as: files.file(name))
        return files.file(name)
    }
}
