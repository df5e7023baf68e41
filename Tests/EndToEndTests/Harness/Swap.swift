import Foundation
import Testing

/// deploy/swap, run on an endpoint whose socket lies in a test's own folder. A process that takes over is none of ours, so it
/// is looked up by its socket, and ended with this value.
final class Swap {
    let endpoint: Endpoint
    let folder: String
    private let scratch: Scratch
    private let environment: [String: String]
    private var program: Program?

    var socket: String { "\(folder)/\(endpoint).sock" }

    init(_ endpoint: Endpoint, in folder: String, environment: [String: String] = [:]) throws {
        (self.endpoint, self.folder, self.environment) = (endpoint, folder, environment)
        scratch = try Scratch()
    }

    deinit {
        if let pid = try? listener() { kill(pid, SIGTERM) }
    }

    /// - Parameter binary: nil: the endpoint's own, again.
    func start(_ binary: String? = nil, _ options: [String] = []) throws {
        program = try Program(
            "\(repository)/deploy/swap",
            ["--run", folder] + options + [endpoint.rawValue, binary ?? executable(endpoint)],
            environment: environment, output: scratch.file("out"), errors: scratch.file("err"))
    }

    var isRunning: Bool { program?.isRunning ?? false }
    func signal(_ number: Int32) { program?.signal(number) }
    func output() throws -> String { try scratch.read("out") }

    func wait() throws -> (code: Int32, errors: String) {
        (try #require(program).wait(within: 60), try scratch.read("err"))
    }

    func run(_ binary: String? = nil, _ options: [String] = []) throws -> (code: Int32, errors: String) {
        try start(binary, options)
        return try wait()
    }

    /// The process that called listen(2) on the socket.
    func listener() throws -> pid_t {
        let wire = try Wire(path: socket)
        var peer: [pid_t] = [0, 0, 0]  // struct ucred: process, user, group
        var size = socklen_t(12)
        guard getsockopt(wire.descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 else {
            throw WireError("SO_PEERCRED")
        }
        return peer[0]
    }

    /// An executable of the endpoint's name and settings that, told to serve, does this instead. `$real` is the true one.
    /// - Parameter told: with this option; "": with none.
    func impostor(_ behaviour: String, told option: String = "--listen") throws -> String {
        let path = scratch.file("impostor-\(UUID().uuidString.prefix(4))")
        try """
        #!/usr/bin/env bash
        real=\(executable(endpoint))
        if [ "${1:-}" != "\(option)" ]; then exec "$real" "$@"; fi
        \(behaviour)
        """.write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }
}
