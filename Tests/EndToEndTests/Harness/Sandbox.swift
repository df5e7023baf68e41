import Foundation

/// The whole stack of deploy/sandbox: nginx, both endpoints, the S3 server, the Ozon stand-in. Started once for a run of
/// the tests, stopped when their process ends, however it ends.
func sandbox() throws -> Sandbox { try started.get() }

private let started = Result { try Sandbox() }
nonisolated(unsafe) private var keeper: (pipe: Int32, process: Program)?

let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

func executable(_ endpoint: Endpoint) -> String {
    "\(ProcessInfo.processInfo.environment["BIN"] ?? "\(repository)/.build/release")/\(endpoint)"
}

final class Sandbox: Sendable {
    let folder: String
    let site: Site
    let key: String
    let ozonPort: UInt16
    let s3Port: UInt16
    /// What the handlers run with; at level debug, so that no secret is in any line there can be.
    let settings: [String: String]
    /// What no log and no answer may hold, besides the sellers' keys that the tests send.
    let secrets: [String]

    struct NotStarted: Error { let text: String }

    /// Small enough for a stall to be waited for, large enough for an answer that takes a second.
    static let ozonTimeout = 6

    fileprivate init() throws {
        folder = "\(NSTemporaryDirectory())/e2e-\(getpid())".replacingOccurrences(of: "//", with: "/")
        let stack = "\(repository)/deploy/sandbox/stack"
        try Self.keep(stack, folder)
        let started = try Program.run(
            stack, ["start", folder, "OZON_TIMEOUT=\(Self.ozonTimeout)", "LOG_LEVEL=debug"],
            environment: ProcessInfo.processInfo.environment.filter { ["BIN", "S3_VENV", "HOME"].contains($0.key) },
            within: 180)
        guard started.code == 0 else { throw NotStarted(text: started.errors) }
        let env = try Self.values("\(folder)/env")
        settings = try Self.values("\(folder)/handler.env")
        guard let port = Self.port(env["URL"]), let ozon = Self.port(env["OZON_URL"]),
            let s3 = Self.port(env["S3_URL"]),
            let key = env["API_KEY"], let secret = settings["R2_SECRET_ACCESS_KEY"]
        else { throw NotStarted(text: "\(folder)/env lacks something: \(env.keys.sorted())") }
        (site, ozonPort, s3Port, self.key) = (Site(port: port), ozon, s3, key)
        secrets = [key, secret, Self.sellerKey, "X-Amz-Signature="]
    }

    /// An Api-Key no other text would contain by chance.
    static let sellerKey = "echo-secret-7e57ab1e"

    /// A shell that waits for our end, at the other end of a pipe, and then clears up.
    private static func keep(_ stack: String, _ folder: String) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw WireError("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let script = "trap '' INT TERM; read -r _; \"$1\" stop \"$2\"; rm -rf \"$2\""
        keeper = (ends[1], try Program("bash", ["-c", script, "keeper", stack, folder], input: ends[0]))
        close(ends[0])
        atexit {
            guard let (pipe, process) = keeper else { return }
            close(pipe)
            _ = try? process.wait(within: 30)
        }
    }

    private static func values(_ path: String) throws -> [String: String] {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        return Dictionary(
            lines.map { line in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                return (parts[0], parts.count > 1 ? parts[1] : "")
            }, uniquingKeysWith: { $1 })
    }

    private static func port(_ url: String?) -> UInt16? {
        url.flatMap(URLComponents.init)?.port.map { UInt16($0) }
    }

    var socket: (Endpoint) -> String { { [folder] in "\(folder)/run/\($0).sock" } }

    func log(_ endpoint: Endpoint) throws -> [JSONValue] { try logLines("\(folder)/log/\(endpoint).log") }

    /// Ozon's calls of one Client-Id, as the stand-in saw them.
    func calls(of client: String) throws -> [JSONValue] {
        try http("GET", port: ozonPort, "/_record?client_id=\(client)").json.list
    }

    /// The articles of each call.
    func asked(by client: String, _ field: String = "offer_id") throws -> [[String]] {
        try calls(of: client).map { JSONValue($0["body"].string ?? "")[field].strings }
    }
}

func logLines(_ path: String) throws -> [JSONValue] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { JSONValue(String($0)) }
}
