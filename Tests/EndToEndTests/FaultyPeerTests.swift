import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Peers on the socket that do not behave as nginx does.
    @Suite struct FaultyPeers {
        private let good = Array(Endpoint.presign.goodBody.utf8)

        private func request(keep: Bool = false, with more: [(String, String?)] = []) throws -> [UInt8] {
            FastCGIConnection.request(good, key: try sandbox().key, keep: keep, with: more)
        }

        @Test func `A kept connection serves many requests, valid and invalid`() throws {
            try EndpointProcess(.presign).survives { process in
                let connection = try process.connect()
                let large = String(repeating: "x", count: 3 << 20)
                for round in 0..<100 {
                    #expect(try connection.post(Endpoint.presign.goodBody, keep: true).status == 200)
                    switch round % 5 {
                    case 0: #expect(try connection.post("{", keep: true).status == 400)
                    case 1:
                        #expect(
                            try connection.post("body of a GET", keep: true, with: [("REQUEST_METHOD", "GET")]).status
                                == 405)
                    case 2: #expect(try connection.post("x", keep: true, with: [("HTTP_X_API_KEY", nil)]).status == 401)
                    case 3 where round < 20: #expect(try connection.post(large, keep: true).status == 413)
                    default:
                        #expect(try connection.post("{}", keep: true, with: [("CONTENT_LENGTH", "9")]).status == 400)
                    }
                }
                #expect(try connection.post(Endpoint.presign.goodBody, keep: false).status == 200)
                #expect(try connection.socket.read().isEmpty, "without FCGI_KEEP_CONN the connection is closed")
            }
        }

        @Test func `A request may arrive byte by byte`() throws {
            try EndpointProcess(.presign).survives { process in
                let connection = try process.connect()
                for byte in try request() { try connection.socket.send([byte]) }
                #expect(try connection.response().status == 200)
            }
        }

        @Test func `Malformed and incomplete requests end the connection, not the process`() throws {
            let whole = try request()
            let begin = FastCGIConnection.begin(keep: true)
            let cut = [1, 7, 8, 15, 16, 20, 40, whole.count - 8, whole.count - 1].map { Array(whole[..<$0]) }
            let odd: [[UInt8]] = [
                Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 5000),
                [UInt8](repeating: 0, count: 5000),
                (0..<5000).map { _ in UInt8.random(in: 0...255) },
                [9] + begin.dropFirst(),  // another version
                FastCGIConnection.record(.begin, [0, 7, 0, 0, 0, 0, 0, 0]),  // an unknown role
                FastCGIConnection.record(.begin, [0, 2, 0, 0, 0, 0, 0, 0]) + FastCGIConnection.params([]),
                begin + begin, FastCGIConnection.record(.stdin, [1, 2, 3]), FastCGIConnection.record(.abort, []),
                begin + FastCGIConnection.record(.abort, []),
                begin + FastCGIConnection.record(.params, [200]),  // a truncated length
                begin + FastCGIConnection.record(.params, [0x80, 0x10, 0, 0, 1, 65, 66]),  // a long name
                begin
                    + FastCGIConnection.record(
                        .params, FastCGIConnection.length(5) + FastCGIConnection.length(1 << 20) + Array("abcde".utf8))
                    + FastCGIConnection.record(.params, []),
                begin + FastCGIConnection.params([("", ""), ("=", "="), ("REQUEST_METHOD", "POST\u{0}")])
                    + FastCGIConnection.stdin([]),
                FastCGIConnection.record(.unknown, [1, 2, 3, 4, 5, 6, 7, 8], id: 0),
                FastCGIConnection.record(.begin, [0, 1, 1, 0, 0, 0, 0, 0], id: 0xFFFF, padding: 255),
                FastCGIConnection.record(.getValues, Array("\u{E}\u{0}FCGI_MAX_CONNS".utf8), id: 0),
            ]
            try EndpointProcess(.presign).survives { process in
                for bytes in cut + odd {
                    let connection = try process.connect()
                    try connection.socket.send(bytes)
                    connection.socket.finish()
                    _ = try connection.socket.readToEnd()
                    #expect(try process.post(Endpoint.presign.goodBody).status == 200, "after \(bytes.prefix(24))")
                }
            }
        }

        @Test func `The process survives peers that disconnect before the response`() throws {
            try EndpointProcess(.presign).survives { process in
                let whole = try request()
                for count in [whole.count - 20, whole.count] {
                    for _ in 0..<50 {
                        let connection = try process.connect()
                        try connection.socket.send(Array(whole[..<count]))
                    }
                }
            }
            try EndpointProcess(.download).survives { process in
                let body = Array(downloadBody((1...3000).map { "A-\($0)" }).utf8)
                let connection = try process.connect()
                try connection.socket.send(FastCGIConnection.request(body, key: try sandbox().key))
                _ = try connection.socket.read(atMost: 100)
            }
        }

        @Test func `An abort during a call to Ozon leaves the connection usable`() throws {
            try EndpointProcess(.download).survives { process in
                let clientID = newClientID()
                let connection = try process.connect()
                let body = Array(downloadBody(["A-1"], clientID: clientID, key: "slow-300ms").utf8)
                try connection.socket.send(FastCGIConnection.request(body, key: try sandbox().key, keep: true))
                try eventually("Ozon is called") { try sandbox().calls(of: clientID).count == 1 }
                try connection.socket.send(FastCGIConnection.record(.abort, []))
                #expect(try connection.response().status == 200)
            }
        }

        @Test func `Stray bytes and silent peers on many connections do not delay others`() throws {
            // The server waits 5 s for each such peer. A stall of the machine spoils one attempt, with one process.
            #expect(try (0..<4).contains { _ in try longestResponseBesideFaultyPeers() < 4 })
        }

        private func longestResponseBesideFaultyPeers() throws -> Double {
            var longest = 0.0
            try EndpointProcess(.presign).survives { process in
                let silent = try (0..<8).map { _ in try process.connect() }
                let stray = try (0..<24).map { _ in try process.connect() }
                for (index, connection) in stray.enumerated() {
                    try connection.socket.send(Array(try request()[..<(index % 8 + 1)]))
                }
                for _ in 0..<5 {
                    var response: HTTPResponse?
                    let elapsed = try elapsedSeconds { response = try process.post(Endpoint.presign.goodBody) }
                    #expect(response?.status == 200)
                    longest = max(longest, elapsed)
                }
                #expect(silent.count == 8)
            }
            return longest
        }

        @Test(.enabled(if: isRoot, "running as other users needs root"), arguments: [nil, "", "nobody"])
        func `Only the users in ALLOWED_PEER_USERS may connect`(_ users: String?) throws {
            let process = try EndpointProcess(.presign, users.map { ["ALLOWED_PEER_USERS": $0] } ?? [:])
            let directory = URL(fileURLWithPath: process.socketPath).deletingLastPathComponent().path
            chmod(directory, 0o755)
            chmod(process.socketPath, 0o666)
            let clientID = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.connect(sys.argv[1])
                try:
                    s.sendall(sys.stdin.buffer.read())
                    while data := s.recv(65536): sys.stdout.buffer.write(data)
                except ConnectionError: pass
                """
            func isServed(_ user: String) throws -> Bool {
                let (_, output, errors) = try ChildProcess.run(
                    "setpriv", ["--reuid", user, "--clear-groups", "python3", "-c", clientID, process.socketPath],
                    environment: ["PATH": "/usr/bin:/bin"], input: try request())
                #expect(errors.isEmpty)
                return String(decoding: output, as: UTF8.self).contains("Status: 200 OK")
            }
            let usual = users ?? "www-data,nginx,nobody"
            for user in ["root", "nobody", "www-data", "daemon"] {
                // An empty value means the default users.
                let expected = user == "root" || (usual.isEmpty ? "www-data,nginx,nobody" : usual).contains(user)
                #expect(try isServed(user) == expected, "\(user)")
            }
            #expect(try process.messages("connection denied").isEmpty == false)
        }

        @Test func `Without free descriptors the process stops accepting, and resumes when some are free`() throws {
            let process = try EndpointProcess(.presign, launcher: ["prlimit", "--nofile=40:40"])
            var idle = try (0..<60).map { _ in try process.connect() }
            try eventually("the process stops accepting") { try process.messages("accept paused").count >= 1 }
            let waiting = try process.connect()
            try waiting.socket.send(try request())
            let cpu = process.child.cpuTicks
            #expect(try process.messages("accept paused").count < 100)
            idle = []
            #expect(try waiting.response().status == 200)
            #expect(idle.isEmpty && process.child.isRunning)
            #expect(process.child.cpuTicks - cpu < 100, "the process must not spin")
            #expect(try process.post(Endpoint.presign.goodBody).status == 200)
        }

        @Test func `A process that has stopped accepting for want of descriptors drains without spinning`() throws {
            let settings = ["DRAIN_SECONDS": "10"]
            let process = try EndpointProcess(.presign, settings, launcher: ["prlimit", "--nofile=40:40"])
            var idle = try (0..<60).map { _ in try process.connect() }
            try eventually("the process stops accepting") { try process.messages("accept paused").count >= 1 }
            process.child.signal(SIGTERM)
            // It accepts those that still wait, once descriptors are free.
            idle.removeLast(50)
            try eventually("the process drains") { try !process.messages("draining").isEmpty }
            let before = process.child.cpuTicks
            var last = before
            try eventually("the process ends") {
                last = max(last, process.child.cpuTicks)
                return !process.child.isRunning
            }
            #expect(last - before < 20, "hundredths of a second, in five seconds")
            #expect(!idle.isEmpty, "connections were open until the end")
        }
    }
}
