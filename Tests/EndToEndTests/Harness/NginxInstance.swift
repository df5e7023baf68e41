import Foundation
import TestSupport

/// An nginx of a test's own, with the sandbox's configuration and changes to it. Only the processes that the test
/// starts are behind it.
final class NginxInstance {
    let client: NginxClient
    private let directory: TemporaryDirectory
    private let child: ChildProcess

    /// - Parameters:
    ///   - edits: replacements in the configuration files. Each text must occur.
    ///   - prepare: adds files before nginx starts. `etc` in the directory takes the place of /etc/ozon-r2.
    init(
        _ edits: [(file: String, text: String, new: String)] = [],
        prepare: (TemporaryDirectory) throws -> Void = { _ in }
    ) throws {
        let directory = try TemporaryDirectory()
        let sandbox = try sandbox()
        let port = try closedPort()
        for name in ["run", "log", "tmp"] {
            try FileManager.default.createDirectory(atPath: directory.file(name), withIntermediateDirectories: true)
        }
        for name in ["ozon-r2", "etc", "nginx.conf"] {
            try FileManager.default.copyItem(atPath: "\(sandbox.directory)/\(name)", toPath: directory.file(name))
        }
        let moved =
            try FileManager.default.contentsOfDirectory(atPath: directory.file("ozon-r2"))
            .filter { $0.hasSuffix(".conf") }.map { "ozon-r2/\($0)" } + ["nginx.conf"]
        for file in moved {
            let text = try directory.read(file)
            try directory.write(file, text.replacingOccurrences(of: sandbox.directory, with: directory.path))
        }
        let own = [("nginx.conf", "127.0.0.1:\(sandbox.client.port)", "127.0.0.1:\(port)")]
        for (file, old, new) in own + edits {
            let text = try directory.read(file)
            guard text.contains(old) else { throw StartFailure(text: "\(file) does not contain \(old)") }
            try directory.write(file, text.replacingOccurrences(of: old, with: new))
        }
        try prepare(directory)
        self.directory = directory
        client = NginxClient(port: port)
        let log = directory.file("log/nginx-error.log")
        let child = try ChildProcess(
            "nginx",
            ["-e", log, "-p", directory.path, "-c", directory.file("nginx.conf")]
                + (isRoot ? ["-g", "user root;"] : []),
            errors: log)
        self.child = child
        try eventually("nginx responds on port \(port)") {
            guard child.isRunning else {
                throw StartFailure(text: (try? directory.read("log/nginx-error.log")) ?? "")
            }
            return (try? http("GET", port: port, "/ready").status) == 204
        }
    }

    deinit { try? stop() }

    /// Stops nginx, not the processes behind it.
    func stop() throws {
        child.signal(SIGTERM)
        try child.wait()
    }

    /// The directory of the sockets to which this nginx connects.
    var sockets: String { directory.file("run") }

    func socketPath(_ endpoint: Endpoint) -> String { "\(sockets)/\(endpoint).sock" }

    /// Starts an endpoint on the socket to which this nginx connects.
    func start(_ endpoint: Endpoint, _ settings: [String: String] = [:]) throws -> EndpointProcess {
        try EndpointProcess(endpoint, settings, socket: socketPath(endpoint))
    }
}
