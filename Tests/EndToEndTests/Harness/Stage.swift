import Foundation

/// An nginx of its own, running the sandbox's configuration with changes, and no handlers but those a test starts at its
/// sockets.
final class Stage {
    let site: Site
    private let scratch: Scratch
    private let nginx: Program

    /// - Parameter edits: in the configuration's files: (file, text, in its place). Each text must be there.
    init(_ edits: [(file: String, text: String, new: String)] = []) throws {
        let scratch = try Scratch()
        let sandbox = try sandbox()
        let port = try freePort()
        for folder in ["run", "log", "tmp"] {
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true)
        }
        let source = URL(fileURLWithPath: sandbox.folder)
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("ozon-r2"), to: URL(fileURLWithPath: scratch.file("ozon-r2")))
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("nginx.conf"), to: URL(fileURLWithPath: scratch.file("nginx.conf")))
        let own = [
            ("nginx.conf", "127.0.0.1:\(sandbox.site.port)", "127.0.0.1:\(port)"),
            ("nginx.conf", sandbox.folder, scratch.path), ("ozon-r2/upstreams.conf", sandbox.folder, scratch.path),
        ]
        for (file, old, new) in own + edits {
            let text = try scratch.read(file)
            guard text.contains(old) else { throw Sandbox.NotStarted(text: "\(file) has no \(old)") }
            try scratch.write(file, text.replacingOccurrences(of: old, with: new))
        }
        self.scratch = scratch
        site = Site(port: port)
        let asRoot = geteuid() == 0 ? ["-g", "user root;"] : []
        let log = scratch.file("log/nginx-error.log")
        nginx = try Program(
            "nginx", ["-e", log, "-p", scratch.path, "-c", scratch.file("nginx.conf")] + asRoot, errors: log)
        let process = nginx
        try eventually("nginx answers at port \(port)") {
            guard process.isRunning else {
                throw Sandbox.NotStarted(text: (try? scratch.read("log/nginx-error.log")) ?? "")
            }
            return (try? http("GET", port: port, "/ready").status) == 204
        }
    }

    deinit { try? stop() }

    /// The nginx, not the handlers.
    func stop() throws {
        nginx.signal(SIGTERM)
        try nginx.wait()
    }

    var sockets: String { scratch.file("run") }

    func socket(_ endpoint: Endpoint) -> String { "\(sockets)/\(endpoint).sock" }

    /// Starts a handler where this nginx looks for it.
    func handler(_ endpoint: Endpoint, _ settings: [String: String] = [:]) throws -> Handler {
        try Handler(endpoint, settings, socket: socket(endpoint))
    }
}

/// A port that nothing listens at just now.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
        }
    }
    guard result == 0 else { throw WireError("bind") }
    return UInt16(bigEndian: address.sin_port)
}
