import Foundation
import TestSupport

/// Tests/Support/s3-proxy, which records requests and injects faults: between an endpoint and the S3 server, in place
/// of that server, or, with TLS, between an endpoint and the CDN.
final class ReverseProxy {
    let port: UInt16
    let url: String
    private let child: ChildProcess
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - upstream: the port of the server behind it; nil: none, and objects are hashed and discarded.
    ///   - certificate: makes it use TLS.
    ///   - milliseconds: delays each response.
    ///   - port: where it listens; nil: any port.
    init(
        to upstream: UInt16?, certificate: (file: String, key: String)? = nil, delay milliseconds: Int = 0,
        port: UInt16? = nil
    ) throws {
        let port = try port ?? closedPort()
        directory = try TemporaryDirectory()
        self.port = port
        url = "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)"
        let forwarding = upstream.map { ["--to", "\($0)"] } ?? []
        let tls = certificate.map { ["--cert", $0.file, "--key", $0.key] } ?? []
        child = try ChildProcess(
            "\(repository)/Tests/Support/s3-proxy",
            ["--port", "\(port)", "--delay-ms", "\(milliseconds)"] + forwarding + tls, output: directory.file("out"),
            errors: directory.file("out"))
        try eventually("s3-proxy is ready") { try directory.read("out").contains("127.0.0.1:\(port)\n") }
    }

    /// A proxy to the sandbox's S3 server.
    static func toStorage(delay milliseconds: Int = 0) throws -> ReverseProxy {
        try ReverseProxy(to: try sandbox().s3Port, delay: milliseconds)
    }

    /// Accepts connections but does nothing until `resume()`.
    func suspend() { child.signal(SIGSTOP) }
    func resume() { child.signal(SIGCONT) }

    /// Ends it, so that its port refuses connections.
    func end() throws {
        child.signal(SIGKILL)
        try child.wait()
    }

    /// The requests with this text in their path, in order.
    func requests(_ text: String = "", method: String = "PUT") throws -> [JSONValue] {
        try http("GET", port: port, "/_record").json.list.filter {
            $0["method"].string == method && (text.isEmpty || $0["path"].string?.contains(text) == true)
        }
    }
}
