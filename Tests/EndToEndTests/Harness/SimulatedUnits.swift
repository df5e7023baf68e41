import Foundation
import TestSupport

/// nginx, two instances of an endpoint that share a socket, and the `systemctl` that restarts them
/// (Tests/Support/systemctl).
final class SimulatedUnits {
    let endpoint: Endpoint
    let nginx: NginxInstance
    /// The executable of the instances.
    let installed: String
    let tools: TemporaryDirectory
    let log: String
    private let systemd: ChildProcess

    /// - Parameters:
    ///   - settings: added to the sandbox's, which they override.
    ///   - program: a program to be installed; nil: a copy of the endpoint's executable.
    init(_ endpoint: Endpoint, _ settings: [String: String] = [:], program: String? = nil) throws {
        self.endpoint = endpoint
        nginx = try NginxInstance()
        installed = "\(nginx.sockets)/\(endpoint)"
        try installExecutable(program ?? executable(endpoint), as: installed)
        tools = try TemporaryDirectory()
        log = tools.file("log")
        let systemctl = "\(repository)/Tests/Support/systemctl"
        try FileManager.default.createSymbolicLink(atPath: tools.file("systemctl"), withDestinationPath: systemctl)
        systemd = try ChildProcess(
            systemctl, ["serve", nginx.sockets, "\(endpoint)"],
            environment: try sandbox().settings.merging(settings) { $1 }, errors: log)
        let client = nginx.client
        try eventually("the instances respond") { try client.post(endpoint, endpoint.goodBody).status == 200 }
    }

    deinit {
        systemd.signal(SIGTERM)
        _ = try? systemd.wait()
    }

    /// The environment in which `systemctl` controls these instances.
    var environment: [String: String] {
        let search = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return ["PATH": "\(tools.path):\(search)", "SYSTEMD": nginx.sockets]
    }

    func swap() throws -> SwapCommand { try SwapCommand(endpoint, in: nginx.sockets, environment: environment) }

    func instances() throws -> [Substring] {
        let (_, output, _) = try ChildProcess.run("pgrep", ["-f", "^\(installed)$"])
        return String(decoding: output, as: UTF8.self).split(separator: "\n")
    }
}
