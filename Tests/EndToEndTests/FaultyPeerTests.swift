import Foundation
import Testing

extension EndToEnd {
    /// Peers on the socket that don't speak as nginx does.
    @Suite struct FaultyPeers {
        private let good = Array(Endpoint.presign.goodBody.utf8)

        private func request(keep: Bool = false, with more: [(String, String?)] = []) throws -> [UInt8] {
            FastCGIWire.request(good, key: try sandbox().key, keep: keep, with: more)
        }

        @Test func `A kept connection serves many requests, whatever was in them`() throws {
            try Handler(.presign).outlives { handler in
                let wire = try handler.connect()
                let large = String(repeating: "x", count: 3 << 20)
                for round in 0..<100 {
                    #expect(try wire.post(Endpoint.presign.goodBody, keep: true).status == 200)
                    switch round % 5 {
                    case 0: #expect(try wire.post("{", keep: true).status == 400)
                    case 1:
                        #expect(
                            try wire.post("body of a GET", keep: true, with: [("REQUEST_METHOD", "GET")]).status == 405)
                    case 2: #expect(try wire.post("x", keep: true, with: [("HTTP_X_API_KEY", nil)]).status == 401)
                    case 3 where round < 20: #expect(try wire.post(large, keep: true).status == 413)
                    default: #expect(try wire.post("{}", keep: true, with: [("CONTENT_LENGTH", "9")]).status == 400)
                    }
                }
                #expect(try wire.post(Endpoint.presign.goodBody, keep: false).status == 200)
                #expect(try wire.wire.read().isEmpty, "without FCGI_KEEP_CONN the connection is closed")
            }
        }

        @Test func `A request may come byte by byte`() throws {
            try Handler(.presign).outlives { handler in
                let wire = try handler.connect()
                for byte in try request() { try wire.wire.send([byte]) }
                #expect(try wire.answer().status == 200)
            }
        }

        @Test func `Garbage and half requests end the connection, not the process`() throws {
            let whole = try request()
            let begin = FastCGIWire.begin(keep: true)
            let cut = [1, 7, 8, 15, 16, 20, 40, whole.count - 8, whole.count - 1].map { Array(whole[..<$0]) }
            let odd: [[UInt8]] = [
                Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 5000),
                [UInt8](repeating: 0, count: 5000),
                (0..<5000).map { _ in UInt8.random(in: 0...255) },
                [9] + begin.dropFirst(),  // another version
                FastCGIWire.record(.begin, [0, 7, 0, 0, 0, 0, 0, 0]),  // an unknown role
                FastCGIWire.record(.begin, [0, 2, 0, 0, 0, 0, 0, 0]) + FastCGIWire.params([]),  // an authorizer
                begin + begin, FastCGIWire.record(.stdin, [1, 2, 3]), FastCGIWire.record(.abort, []),
                begin + FastCGIWire.record(.abort, []),
                begin + FastCGIWire.record(.params, [200]),  // a length cut off
                begin + FastCGIWire.record(.params, [0x80, 0x10, 0, 0, 1, 65, 66]),  // a name longer than its record
                begin
                    + FastCGIWire.record(
                        .params, FastCGIWire.length(5) + FastCGIWire.length(1 << 20) + Array("abcde".utf8))
                    + FastCGIWire.record(.params, []),
                begin + FastCGIWire.params([("", ""), ("=", "="), ("REQUEST_METHOD", "POST\u{0}")])
                    + FastCGIWire.stdin([]),
                FastCGIWire.record(.unknown, [1, 2, 3, 4, 5, 6, 7, 8], id: 0),
                FastCGIWire.record(.begin, [0, 1, 1, 0, 0, 0, 0, 0], id: 0xFFFF, padding: 255),
                FastCGIWire.record(.getValues, Array("\u{E}\u{0}FCGI_MAX_CONNS".utf8), id: 0),
            ]
            try Handler(.presign).outlives { handler in
                for bytes in cut + odd {
                    let wire = try handler.connect()
                    try wire.wire.send(bytes)
                    wire.wire.finish()
                    _ = try wire.wire.readToEnd()
                    #expect(try handler.post(Endpoint.presign.goodBody).status == 200, "after \(bytes.prefix(24))")
                }
            }
        }

        @Test func `A peer that goes away in mid-body or before its answer hurts nobody`() throws {
            try Handler(.presign).outlives { handler in
                let whole = try request()
                for count in [whole.count - 20, whole.count] {
                    for _ in 0..<50 {
                        let wire = try handler.connect()
                        try wire.wire.send(Array(whole[..<count]))
                    }
                }
            }
            try Handler(.download).outlives { handler in
                let body = Array(downloadBody((1...3000).map { "A-\($0)" }).utf8)
                let wire = try handler.connect()
                try wire.wire.send(FastCGIWire.request(body, key: try sandbox().key))
                _ = try wire.wire.read(atMost: 100)
            }
        }

        @Test func `An abort while Ozon is asked doesn't disturb the connection`() throws {
            try Handler(.download).outlives { handler in
                let client = nextClient()
                let wire = try handler.connect()
                let body = Array(downloadBody(["A-1"], client: client, key: "slow-300ms").utf8)
                try wire.wire.send(FastCGIWire.request(body, key: try sandbox().key, keep: true))
                try eventually("Ozon is asked") { try sandbox().calls(of: client).count == 1 }
                try wire.wire.send(FastCGIWire.record(.abort, []))
                #expect(try wire.answer().status == 200)
            }
        }

        @Test func `Stray bytes and silent peers on many connections hold up nobody`() throws {
            try Handler(.presign).outlives { handler in
                let silent = try (0..<8).map { _ in try handler.connect() }
                let stray = try (0..<24).map { _ in try handler.connect() }
                for (index, wire) in stray.enumerated() { try wire.wire.send(Array(try request()[..<(index % 8 + 1)])) }
                for _ in 0..<5 {
                    var answer: HTTPAnswer?
                    let passed = try seconds { answer = try handler.post(Endpoint.presign.goodBody) }
                    #expect(answer?.status == 200)
                    #expect(passed < 4, "they are given up after 5 s only")
                }
                #expect(silent.count == 8)
            }
        }

        @Test(.enabled(if: geteuid() == 0, "another user can be played by root alone"), arguments: [nil, "", "nobody"])
        func `Who may connect is said by ALLOWED_PEER_USERS`(_ users: String?) throws {
            let handler = try Handler(.presign, users.map { ["ALLOWED_PEER_USERS": $0] } ?? [:])
            let folder = URL(fileURLWithPath: handler.socket).deletingLastPathComponent().path
            chmod(folder, 0o755)
            chmod(handler.socket, 0o666)
            let client = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.connect(sys.argv[1])
                try:
                    s.sendall(sys.stdin.buffer.read())
                    while data := s.recv(65536): sys.stdout.buffer.write(data)
                except ConnectionError: pass
                """
            func isServed(_ user: String) throws -> Bool {
                let (_, output, errors) = try Program.run(
                    "setpriv", ["--reuid", user, "--clear-groups", "python3", "-c", client, handler.socket],
                    environment: ["PATH": "/usr/bin:/bin"], input: try request())
                #expect(errors.isEmpty)
                return String(decoding: output, as: UTF8.self).contains("Status: 200 OK")
            }
            let usual = users ?? "www-data,nobody"
            for user in ["root", "nobody", "www-data", "daemon"] {
                // An empty value counts as none: the usual users.
                let expected = user == "root" || (usual.isEmpty ? "www-data,nobody" : usual).contains(user)
                #expect(try isServed(user) == expected, "\(user)")
            }
            #expect(try handler.messages("connection denied").isEmpty == false)
        }

        @Test func `Out of descriptors it waits, and takes the others when some are free`() throws {
            let handler = try Handler(.presign, launcher: ["prlimit", "--nofile=40:40"])
            var idle = try (0..<60).map { _ in try handler.connect() }
            try eventually("it pauses") { try handler.messages("accept paused").count >= 1 }
            let waiting = try handler.connect()
            try waiting.wire.send(try request())
            let cpu = handler.program.cpuTicks
            #expect(try handler.messages("accept paused").count < 100)
            idle = []
            #expect(try waiting.answer().status == 200)
            #expect(idle.isEmpty && handler.program.isRunning)
            #expect(handler.program.cpuTicks - cpu < 100, "no busy waiting")
            #expect(try handler.post(Endpoint.presign.goodBody).status == 200)
        }
    }
}
