import Foundation
import TestSupport

/// The stack of deploy/sandbox: nginx, every endpoint, an S3 server and the Ozon stand-in. It starts on first use and
/// stops when the process of the tests ends, whatever ends it.
func sandbox() throws -> Sandbox { try started.get() }

private let started = Result { try Sandbox() }

final class Sandbox: Sendable {
    let directory: String
    let client: NginxClient
    let key: String
    let ozonPort: UInt16
    let s3Port: UInt16
    /// The endpoints' settings. LOG_LEVEL is debug, so that the search for secrets covers every kind of line.
    let settings: [String: String]
    /// Texts that must not be in any log or response.
    let secrets: [String]

    fileprivate init() throws {
        directory = "\(NSTemporaryDirectory())/ozon-r2-\(getpid())".replacingOccurrences(of: "//", with: "/")
        let stack = "\(repository)/deploy/sandbox/stack"
        try afterExit(#""$1" stop "$2"; rm -rf "$2""#, [stack, directory])
        // OZON_TIMEOUT is so long that a slow machine causes no retries.
        let started = try ChildProcess.run(
            stack, ["start", directory, "OZON_TIMEOUT=45", "LOG_LEVEL=debug"],
            environment: ProcessInfo.processInfo.environment.filter { ["BIN", "S3_VENV", "HOME"].contains($0.key) },
            within: 180)
        guard started.code == 0 else { throw StartFailure(text: started.errors) }
        let env = try Self.values("\(directory)/env")
        settings = try Self.values("\(directory)/handler.env")
        guard let port = Self.port(env["URL"]), let ozon = Self.port(env["OZON_URL"]),
            let s3 = Self.port(env["S3_URL"]),
            let key = env["API_KEY"], let secret = settings["R2_SECRET_ACCESS_KEY"]
        else { throw StartFailure(text: "\(directory)/env is incomplete: \(env.keys.sorted())") }
        (client, ozonPort, s3Port, self.key) = (NginxClient(port: port), ozon, s3, key)
        secrets = [key, secret, Self.sellerKey, "X-Amz-Signature="]
    }

    /// An Api-Key that no text contains by chance. Ozon's error message repeats it.
    static let sellerKey = "echo-secret-7e57ab1e"

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

    func log(_ endpoint: Endpoint) throws -> [JSONValue] { try logLines("\(directory)/log/\(endpoint).log") }

    /// The stand-in's record of the calls with this Client-Id.
    func calls(of clientID: String) throws -> [JSONValue] {
        try http("GET", port: ozonPort, "/_record?client_id=\(clientID)").json.list
    }

    /// The articles or other ids in each call.
    func requestedIDs(by clientID: String, _ field: String = "offer_id") throws -> [[String]] {
        try calls(of: clientID).map { JSONValue($0["body"].string ?? "")[field].strings }
    }
}
