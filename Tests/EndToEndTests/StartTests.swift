import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The ways to start an executable.
    @Suite struct Start {
        private func settings(_ more: [String: String?] = [:]) throws -> [String: String] {
            var all = try sandbox().settings
            for (name, value) in more { all[name] = value }
            return all
        }

        private func run(
            _ endpoint: Endpoint, _ arguments: [String], _ more: [String: String?] = [:]
        ) throws -> (code: Int32, output: String, errors: String) {
            let (code, output, errors) = try ChildProcess.run(
                executable(endpoint), arguments, environment: try settings(more))
            return (code, String(decoding: output, as: UTF8.self), errors)
        }

        /// Expects it to serve a request, and stops it.
        private func expectServes(
            _ endpoint: Endpoint, _ child: ChildProcess, _ connect: () throws -> SocketConnection
        ) throws {
            let connection = try eventually("\(endpoint) accepts connections") { () -> SocketConnection? in
                try #require(child.isRunning)
                return try? connect()
            }
            #expect(try FastCGIConnection(connection).post(endpoint.goodBody).status == 200)
            child.signal(SIGTERM)
            #expect(try child.wait() == 0)
            #expect(throws: SocketError.self) { try connect() }
        }

        @Test(arguments: Endpoint.allCases)
        func `--listen accepts a path, whose socket is accessible to its owner and group only`(_ endpoint: Endpoint)
            throws
        {
            let directory = try TemporaryDirectory()
            let path = directory.file("s.sock")
            let child = try ChildProcess(executable(endpoint), ["--listen", path], environment: try settings())
            try eventually("the socket exists") { FileManager.default.fileExists(atPath: path) }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o660)
            try expectServes(endpoint, child) { try SocketConnection(path: path) }
            let rest = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(rest.allSatisfy { $0 == "s.sock" }, "temporary names remain: \(rest)")
        }

        @Test(arguments: Endpoint.allCases)
        func `--listen accepts a port of 127.0.0.1 and no other address`(_ endpoint: Endpoint) throws {
            let port = try closedPort()
            let child = try ChildProcess(
                executable(endpoint), ["--listen", "127.0.0.1:\(port)"], environment: try settings())
            try expectServes(endpoint, child) { try SocketConnection(port: port) }
            for address in [
                "0.0.0.0:9000", ":9000", "[::]:9000", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "localhost:9000",
                "127.0.0.2:9000", "127.0.0.1:9000x", "",
            ] {
                let (code, output, errors) = try run(endpoint, ["--listen", address])
                #expect(code == 64, "\(address)")
                #expect(errors.contains("usage: \(endpoint)") && output.isEmpty)
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `A listening socket on descriptor 0 is used, as spawn-fcgi passes it`(_ endpoint: Endpoint) throws {
            let directory = try TemporaryDirectory()
            let path = directory.file("s.sock")
            let child = try ChildProcess(
                "spawn-fcgi", ["-n", "-s", path, "--", executable(endpoint)], environment: try settings())
            try expectServes(endpoint, child) { try SocketConnection(path: path) }
        }

        @Test(arguments: Endpoint.allCases)
        func `A listening socket in LISTEN_FDS is used, as systemd passes it`(_ endpoint: Endpoint) throws {
            let directory = try TemporaryDirectory()
            let path = directory.file("s.sock")
            let pass = try settings().keys.sorted().map { "--setenv=\($0)" }
            let child = try ChildProcess(
                "systemd-socket-activate", ["-l", path] + pass + [executable(endpoint)], environment: try settings())
            try expectServes(endpoint, child) { try SocketConnection(path: path) }
        }

        @Test(arguments: Endpoint.allCases)
        func `Without a listening socket or with an unknown option it prints its usage and exits with 64`(
            _ endpoint: Endpoint
        )
            throws
        {
            let wrong = [
                [], ["--listen"], ["--port", "9000"], ["-h"], ["--check", "x"], ["--listen", "/tmp/x", "y"], ["/tmp/x"],
                ["--version", "--help"],
            ]
            for arguments in wrong {
                let (code, output, errors) = try run(endpoint, arguments)
                #expect(code == 64, "\(arguments)")
                #expect(output.isEmpty)
                #expect(errors.hasPrefix("usage: \(endpoint) --listen PATH"))
            }
        }

        /// The commands in the section's code block.
        private static let manual: [String] = {
            let text = (try? String(contentsOfFile: "\(repository)/deploy/OPERATING.md", encoding: .utf8)) ?? ""
            let section = text.components(separatedBy: "\n## Starting the executables\n").last ?? ""
            let block = section.components(separatedBy: "\n```").dropFirst().first ?? ""
            return block.replacing(" \\\n  ", with: " ").components(separatedBy: "\n").dropFirst().map { $0 }
        }()

        @Test func `The README shows each way to start an endpoint`() {
            let ways = [
                "--listen /", "--listen 127", "spawn-fcgi", "multiwatch", "systemd-socket-activate",
                "GATEWAY_INTERFACE",
            ]
            for route in ways { #expect(Self.manual.contains { $0.contains(route) }, "\(route)") }
        }

        @Test(arguments: manual)
        func `The README's command starts an endpoint as written`(_ line: String) throws {
            let directory = try TemporaryDirectory()
            let port = try closedPort()
            let binaries = URL(fileURLWithPath: executable(.presign)).deletingLastPathComponent().path
            let body = Endpoint.presign.goodBody
            try directory.write("body", body)
            var environment = try settings()
            environment["PATH"] = "\(binaries):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
            let command = [
                ("/run/ozon-r2/", "\(directory.path)/"), ("/usr/local/bin/", "\(binaries)/"), (":9001", ":\(port)"),
                ("-E R2_...", environment.keys.map { "-E \($0)" }.joined(separator: " ")),
                ("...", "CONTENT_TYPE=application/json CONTENT_LENGTH=\(body.utf8.count) HTTP_X_API_KEY=$API_KEYS"),
                ("< body", "<\(directory.file("body"))"), ("-U www-data", isRoot ? "-U www-data" : ""),
            ].reduce(line) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
            if line.hasPrefix("GATEWAY_INTERFACE") {
                let (code, output, errors) = try ChildProcess.run("bash", ["-c", command], environment: environment)
                #expect(code == 0, "\(errors)")
                #expect(try HTTPResponse(output).status == 200)
                return
            }
            let child = try ChildProcess("bash", ["-c", "exec \(command)"], environment: environment)
            try expectServes(.presign, child) {
                try line.contains(":9001")
                    ? SocketConnection(port: port) : SocketConnection(path: directory.file("\(Endpoint.presign).sock"))
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `--version and --help need no settings`(_ endpoint: Endpoint) throws {
            let none = Dictionary(uniqueKeysWithValues: try settings().keys.map { ($0, String?.none) })
            let version = try run(endpoint, ["--version"], none)
            #expect(version.code == 0 && version.errors.isEmpty)
            #expect(version.output.wholeMatch(of: /(.+) \d+\.\d+\.\d+\n/)?.1 == endpoint.rawValue[...])
            let help = try run(endpoint, ["--help"], none)
            #expect(help.code == 0 && help.errors.isEmpty)
            for word in ["--listen PATH", "--check", "LISTEN_FDS", "GATEWAY_INTERFACE"] {
                #expect(help.output.contains(word))
            }
        }

        @Test func `A path that cannot be bound ends the start with a reason`() throws {
            for path in ["/nonexistent/x.sock", "/tmp/\(String(repeating: "x", count: 200))"] {
                let (code, _, errors) = try run(.presign, ["--listen", path])
                #expect(code == 1)
                #expect(errors.contains("cannot listen: "), "\(errors)")
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `--check and a start report every invalid setting and exit with 78`(_ endpoint: Endpoint) throws {
            let good = try run(endpoint, ["--check"])
            #expect(good.code == 0 && good.output == "\(endpoint): settings are valid\n" && good.errors.isEmpty)
            var wrong: [String: String?] = [
                "API_KEYS": nil, "R2_ENDPOINT_URL": "https://x.r2.cloudflarestorage.com/bucket", "R2_ACCESS_KEY_ID": "",
                "R2_SECRET_ACCESS_KEY": nil, "R2_BUCKET_NAME": "A", "R2_PUBLIC_BASE": "images.example",
                "MAX_BODY_BYTES": "1k",
                "R2_REQUIRE_TYPE": "yes", "MAX_UPLOAD_BYTES": "0", "MAX_IN_FLIGHT": "-1", "DRAIN_SECONDS": "soon",
                "LOG_LEVEL": "loud", "SLOW_MS": "0", "ALLOWED_PEER_USERS": "no-such-user-here",
                "R2_ALLOWED_TYPES": "jpeg",
            ]
            if endpoint == .download {
                wrong.merge(["OZON_API_URL": "http://api-seller.ozon.ru", "OZON_TIMEOUT": "0", "OZON_MAX_RETRIES": "x"])
                { $1 }
                wrong["OZON_MAX_ARTICLES"] = "many"
            }
            if [.pushImages, .pushStatus].contains(endpoint) {
                wrong = wrong.filter { !$0.key.hasPrefix("R2_") && $0.key != "MAX_UPLOAD_BYTES" }
                for name in ["OZON_PUSH_TIMEOUT", "OZON_MAX_IMAGES"] { wrong[name] = "0" }
                wrong.merge([
                    "OZON_API_URL": "x", "OZON_PUSH_MAX_RETRIES": "-1", "OZON_PUSH_VALIDATE_URLS": "no",
                    "OZON_PICTURES_API": "v3", "OZON_PICTURES_PATH": "v1/pictures",
                ]) { $1 }
            }
            let socket = try TemporaryDirectory().file("s.sock")
            for arguments in [["--check"], ["--listen", socket]] {
                let (code, output, errors) = try run(endpoint, arguments, wrong)
                #expect(code == 78)
                #expect(output.isEmpty)
                let named = errors.split(separator: "\n").compactMap { $0.split(separator: ":").dropFirst().first }
                let names = Set(named.map { $0.trimmingCharacters(in: .whitespaces) })
                #expect(names == Set(wrong.keys), "\(errors)")
            }
            if endpoint == .presign { #expect(try run(endpoint, ["--check"], ["OZON_API_URL": "x"]).code == 0) }
        }

        @Test(arguments: Endpoint.allCases)
        func `Secrets can be read from files`(_ endpoint: Endpoint) throws {
            let directory = try TemporaryDirectory()
            var given: [String: String?] = [:]
            for name in ["R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "API_KEYS"] {
                try directory.write(name, try sandbox().settings[name]! + "\n")
                given[name] = .some(nil)
                given["\(name)_FILE"] = directory.file(name)
            }
            let sockets = ["file", "plain"].map(directory.file)
            let children = try [
                ChildProcess(executable(endpoint), ["--listen", sockets[0]], environment: try settings(given)),
                ChildProcess(executable(endpoint), ["--listen", sockets[1]], environment: try settings()),
            ]
            for (child, socket) in zip(children, sockets) {
                try expectServes(endpoint, child) { try SocketConnection(path: socket) }
            }
            let missing = try run(endpoint, ["--check"], given.merging(["API_KEYS_FILE": "/nonexistent"]) { $1 })
            #expect(missing.code == 78 && missing.errors.contains("API_KEYS_FILE: cannot be read"))
            let twice = try run(endpoint, ["--check"], ["API_KEYS_FILE": directory.file("API_KEYS")])
            #expect(twice.code == 78 && twice.errors.contains("API_KEYS: must not be set together with API_KEYS_FILE"))
            try directory.write("API_KEYS", "\n")
            #expect(try run(endpoint, ["--check"], given).code == 78)
        }
    }
}
