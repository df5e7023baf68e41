import Foundation
import Testing

extension EndToEnd {
    /// Each way to start an executable.
    @Suite struct Start {
        private func settings(_ more: [String: String?] = [:]) throws -> [String: String] {
            var all = try sandbox().settings
            for (name, value) in more { all[name] = value }
            return all
        }

        private func run(
            _ endpoint: Endpoint, _ arguments: [String], _ more: [String: String?] = [:]
        ) throws -> (code: Int32, output: String, errors: String) {
            let (code, output, errors) = try Program.run(
                executable(endpoint), arguments, environment: try settings(more))
            return (code, String(decoding: output, as: UTF8.self), errors)
        }

        /// Waits until it answers, and ends it.
        private func expectServes(
            _ endpoint: Endpoint, _ program: Program, _ connect: () throws -> Wire
        ) throws {
            let wire = try eventually("\(endpoint) takes connections") { () -> Wire? in
                try #require(program.isRunning)
                return try? connect()
            }
            #expect(try FastCGIWire(wire).post(endpoint.goodBody).status == 200)
            program.signal(SIGTERM)
            #expect(try program.wait() == 0)
            #expect(throws: WireError.self) { try connect() }
        }

        @Test(arguments: Endpoint.allCases)
        func `--listen takes a path, whose socket only owner and group may use`(_ endpoint: Endpoint) throws {
            let folder = try Scratch()
            let path = folder.file("s.sock")
            let program = try Program(executable(endpoint), ["--listen", path], environment: try settings())
            try eventually("the socket") { FileManager.default.fileExists(atPath: path) }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o660)
            try expectServes(endpoint, program) { try Wire(path: path) }
            let rest = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(rest.allSatisfy { $0 == "s.sock" }, "temporary names are left: \(rest)")
        }

        @Test(arguments: Endpoint.allCases)
        func `--listen takes a port of 127.0.0.1, and no other address`(_ endpoint: Endpoint) throws {
            let port = try freePort()
            let program = try Program(
                executable(endpoint), ["--listen", "127.0.0.1:\(port)"], environment: try settings())
            try expectServes(endpoint, program) { try Wire(port: port) }
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
        func `A listener on descriptor 0 is taken over, as spawn-fcgi hands it`(_ endpoint: Endpoint) throws {
            let folder = try Scratch()
            let path = folder.file("s.sock")
            let program = try Program(
                "spawn-fcgi", ["-n", "-s", path, "--", executable(endpoint)], environment: try settings())
            try expectServes(endpoint, program) { try Wire(path: path) }
        }

        @Test(arguments: Endpoint.allCases)
        func `A listener in LISTEN_FDS is taken over, as systemd hands it`(_ endpoint: Endpoint) throws {
            let folder = try Scratch()
            let path = folder.file("s.sock")
            let pass = try settings().keys.sorted().map { "--setenv=\($0)" }
            let program = try Program(
                "systemd-socket-activate", ["-l", path] + pass + [executable(endpoint)], environment: try settings())
            try expectServes(endpoint, program) { try Wire(path: path) }
        }

        @Test(arguments: Endpoint.allCases)
        func `Without a listener or with an unknown option it says how to use it, and exits 64`(_ endpoint: Endpoint)
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

        /// The commands of that section's block, in order.
        private static let manual: [String] = {
            let text = (try? String(contentsOfFile: "\(repository)/deploy/README.md", encoding: .utf8)) ?? ""
            let section = text.components(separatedBy: "\n## Starting the executables\n").last ?? ""
            let block = section.components(separatedBy: "\n```").dropFirst().first ?? ""
            return block.replacing(" \\\n  ", with: " ").components(separatedBy: "\n").dropFirst().map { $0 }
        }()

        @Test func `README shows each way to start one`() {
            let ways = [
                "--listen /", "--listen 127", "spawn-fcgi", "multiwatch", "systemd-socket-activate",
                "GATEWAY_INTERFACE",
            ]
            for way in ways { #expect(Self.manual.contains { $0.contains(way) }, "\(way)") }
        }

        @Test(arguments: manual)
        func `A line of README starts it as it stands`(_ line: String) throws {
            let scratch = try Scratch()
            let port = try freePort()
            let binaries = URL(fileURLWithPath: executable(.presign)).deletingLastPathComponent().path
            let body = Endpoint.presign.goodBody
            try scratch.write("body", body)
            var environment = try settings()
            environment["PATH"] = "\(binaries):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
            let command = [
                ("/run/ozon-r2/", "\(scratch.path)/"), ("/usr/local/bin/", "\(binaries)/"), (":9001", ":\(port)"),
                ("-E R2_...", environment.keys.map { "-E \($0)" }.joined(separator: " ")),
                ("...", "CONTENT_TYPE=application/json CONTENT_LENGTH=\(body.utf8.count) HTTP_X_API_KEY=$API_KEYS"),
                ("< body", "<\(scratch.file("body"))"), ("-U www-data", geteuid() == 0 ? "-U www-data" : ""),
            ].reduce(line) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
            if line.hasPrefix("GATEWAY_INTERFACE") {
                let (code, output, errors) = try Program.run("bash", ["-c", command], environment: environment)
                #expect(code == 0, "\(errors)")
                #expect(try HTTPAnswer(output).status == 200)
                return
            }
            let program = try Program("bash", ["-c", "exec \(command)"], environment: environment)
            try expectServes(.presign, program) {
                try line.contains(":9001") ? Wire(port: port) : Wire(path: scratch.file("\(Endpoint.presign).sock"))
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `--version and --help answer without any setting`(_ endpoint: Endpoint) throws {
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

        @Test func `A path that can't be bound ends the start with its reason`() throws {
            for path in ["/nonexistent/x.sock", "/tmp/\(String(repeating: "x", count: 200))"] {
                let (code, _, errors) = try run(.presign, ["--listen", path])
                #expect(code == 1)
                #expect(errors.contains("cannot listen: "), "\(errors)")
            }
        }

        @Test(arguments: Endpoint.allCases)
        func `--check says all that is wrong, and exits 78; so does a start`(_ endpoint: Endpoint) throws {
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
            let socket = try Scratch().file("s.sock")
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
        func `Secrets may come from files`(_ endpoint: Endpoint) throws {
            let folder = try Scratch()
            var given: [String: String?] = [:]
            for name in ["R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "API_KEYS"] {
                try folder.write(name, try sandbox().settings[name]! + "\n")
                given[name] = .some(nil)
                given["\(name)_FILE"] = folder.file(name)
            }
            let sockets = ["file", "plain"].map(folder.file)
            let programs = try [
                Program(executable(endpoint), ["--listen", sockets[0]], environment: try settings(given)),
                Program(executable(endpoint), ["--listen", sockets[1]], environment: try settings()),
            ]
            for (program, socket) in zip(programs, sockets) {
                try expectServes(endpoint, program) { try Wire(path: socket) }
            }
            let missing = try run(endpoint, ["--check"], given.merging(["API_KEYS_FILE": "/nonexistent"]) { $1 })
            #expect(missing.code == 78 && missing.errors.contains("API_KEYS_FILE: cannot be read"))
            let twice = try run(endpoint, ["--check"], ["API_KEYS_FILE": folder.file("API_KEYS")])
            #expect(twice.code == 78 && twice.errors.contains("API_KEYS: must not be set together with API_KEYS_FILE"))
            try folder.write("API_KEYS", "\n")
            #expect(try run(endpoint, ["--check"], given).code == 78)
        }
    }
}
