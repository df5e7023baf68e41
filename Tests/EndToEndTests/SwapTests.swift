import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// deploy/swap replaces a process with a new executable, or keeps the old process.
    @Suite struct Swaps {
        /// Runs the real executable, and ends it as soon as it has taken over.
        private static let dying = """
            "$real" "$@" & child=$!
            trap 'kill -TERM $child; wait $child; exit 0' TERM
            until [ -S "${2%.next}.previous" ]; do sleep 0.02; done
            kill -TERM $child
            wait $child
            """

        /// A FastCGI server whose response to every request has these bytes of STDOUT.
        private static func responding(_ text: String) -> String {
            serving(
                """
                        output = b\(text)
                        connection.sendall(struct.pack(">BBHHBx", 1, 6, 1, len(output), 0) + output)
                        connection.sendall(struct.pack(">BBHHBx8x", 1, 3, 1, 8, 0))
                """)
        }

        /// A server that answers the probe on its private socket, and nothing once that socket has been renamed.
        private static let hanging = serving(
            #"""
                    if not os.path.exists(sys.argv[1]): signal.pause()
                    identifier = re.search(rb"probe-[0-9a-f]{16}", request)[0]
                    head = b"Status: 401 Unauthorized\r\nX-Request-Id: " + identifier
                    output = head + b"\r\n\r\n" + b'{"code": "UNAUTHORIZED"}'
                    connection.sendall(struct.pack(">BBHHBx", 1, 6, 1, len(output), 0) + output)
                    connection.sendall(struct.pack(">BBHHBx8x", 1, 3, 1, 8, 0))
            """#)

        /// A server that runs these lines of Python for every connection, with the bytes of the request.
        private static func serving(_ lines: String) -> String {
            """
            exec python3 - "$2" <<'END'
            import contextlib, os, re, signal, socket, struct, sys, time
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(sys.argv[1] + "~")
            listener.listen()
            os.rename(sys.argv[1] + "~", sys.argv[1])
            while True:
                connection = listener.accept()[0]
                request = connection.recv(65536)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            \(lines)
                connection.close()
            END
            """
        }

        @Test func `Under load the new process takes over and no request fails`() throws {
            let nginx = try NginxInstance()
            let old = try nginx.start(.presign, ["R2_PUBLIC_BASE": "https://kept.example"])
            let swap = try SwapCommand(.presign, in: nginx.sockets)
            let load = try WrkLoad(nginx.client, .presign)
            let (code, errors) = try swap.run()
            #expect(code == 0 && errors.isEmpty, "\(errors)")
            let new = try swap.listener()
            #expect(new != old.child.pid)
            #expect(try swap.output().contains("(process \(new))"))
            #expect(try old.child.wait() == 0)
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 100)
            let response = try nginx.client.post(.presign, Endpoint.presign.goodBody)
            #expect(
                response.json["public_url"].string?.hasPrefix("https://kept.example/") == true,
                "the settings are inherited"
            )
            #expect(
                try old.messages("started").map { $0["pid"].int } == [Int(old.child.pid), Int(new)],
                "the log is inherited")
            #expect(getsid(new) == new, "the process has its own session")
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(new)/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(new)/fd/\($0)")
            }
            #expect(!open.contains { $0.hasSuffix(".sock.lock") }, "\(open)")
            #expect(try left(nginx.sockets) == ["\(Endpoint.presign).sock"])
        }

        /// The files that remain, without locks and status pages.
        private func left(_ directory: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: directory).filter {
                !$0.hasSuffix(".lock") && !$0.contains(".status")
            }
        }

        @Test
        func `If the new process dies under load after it has taken over, the old one continues and no request fails`()
            throws
        {
            let nginx = try NginxInstance()
            let old = try nginx.start(.presign)
            let swap = try SwapCommand(.presign, in: nginx.sockets)
            let load = try WrkLoad(nginx.client, .presign)
            let (code, errors) = try swap.run(swap.impostor(Self.dying))
            #expect(code == 1)
            #expect(
                errors.contains("failed after it had taken over") && errors.contains("serves as before"), "\(errors)")
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 100)
            #expect(try swap.listener() == old.child.pid)
            #expect(try left(nginx.sockets) == ["\(Endpoint.presign).sock"])
        }

        /// An impostor, and the text of the error that it must cause.
        private struct Fault {
            let name: String
            let behaviour: String
            let words: String
        }

        private static let faults = [
            Fault(name: "ends at once", behaviour: "exit 3", words: "exited during its start"),
            Fault(
                name: "never responds", behaviour: serving("        os.kill(os.getpid(), signal.SIGSTOP)"),
                words: "no answer within 5 s"),
            Fault(
                name: "responds with 200", behaviour: responding(#""Status: 200 OK\r\n\r\n{}""#),
                words: "'Status: 200 OK' instead of 'Status: 401'"),
            Fault(
                name: "responds to another request", behaviour: responding(#""Status: 401 Unauthorized\r\n\r\n{}""#),
                words: "its X-Request-Id is not the one of the request"),
            Fault(name: "responds with nothing", behaviour: responding(#""""#), words: "'' instead of 'Status: 401'"),
            Fault(
                name: "responds without end",
                behaviour: serving(
                    """
                            record = struct.pack('>BBHHBx', 1, 6, 1, 65528, 0) + bytes(65528)
                            while True: connection.sendall(record)
                    """),
                words: "its answer has more than"),
            Fault(
                name: "responds with a byte per second",
                behaviour: serving("        while True: connection.sendall(bytes(1)), time.sleep(1)"),
                words: "no answer within 5 s"),
            Fault(
                name: "hangs after it has taken over", behaviour: hanging,
                words: "failed after it had taken over"),
        ]

        @Test func `Each new executable that fails leaves the old process in its place`() throws {
            let tried = try Self.faults.map { fault in
                let directory = try TemporaryDirectory()
                let old = try EndpointProcess(.presign, socket: directory.file("\(Endpoint.presign).sock"))
                let swap = try SwapCommand(.presign, in: directory.path)
                try swap.start(swap.impostor(fault.behaviour))
                return (fault, directory, old, swap)
            }
            for (fault, directory, old, swap) in tried {
                let (code, errors) = try swap.wait()
                #expect(code == 1, "\(fault.name)")
                #expect(errors.contains(fault.words), "\(fault.name): \(errors)")
                #expect(errors.hasSuffix("old executable serves as before\n"))
                #expect(try swap.listener() == old.child.pid, "\(fault.name)")
                #expect(try old.post(Endpoint.presign.goodBody).status == 200)
                let files = try left(directory.path)
                #expect(files == ["\(Endpoint.presign).sock"], "\(fault.name)")
                try eventually("\(fault.name): only the old process is left") {
                    let (_, output, _) = try ChildProcess.run("pgrep", ["-f", "--", "--listen \(directory.path)/"])
                    return String(decoding: output, as: UTF8.self) == "\(old.child.pid)\n"
                }
            }
        }

        @Test func `Settings that --check rejects change nothing`() throws {
            let directory = try TemporaryDirectory()
            let old = try EndpointProcess(.presign, socket: directory.file("\(Endpoint.presign).sock"))
            let swap = try SwapCommand(.presign, in: directory.path)
            // A line that isn't a setting may be a part of a secret, so that only its number is printed.
            try directory.write("broken", "MAX_BODY_BYTES=1k\nnot a setting\n")
            let form = try swap.run(nil, ["--env", directory.file("broken")]).errors
            #expect(form.hasSuffix("not of the form NAME=value: line 2\n") && !form.contains("not a setting"))
            try directory.write("broken", "MAX_BODY_BYTES=1k\n")
            let (code, errors) = try swap.run(nil, ["--env", directory.file("broken")])
            #expect(code == 1)
            for name in ["API_KEYS", "R2_BUCKET_NAME", "MAX_BODY_BYTES"] { #expect(errors.contains("\(name): ")) }
            #expect(try swap.listener() == old.child.pid)
        }

        @Test func `An impossible swap is rejected with a reason and changes nothing`() throws {
            let directory = try TemporaryDirectory()
            let socket = directory.file("\(Endpoint.presign).sock")
            let swap = try SwapCommand(.presign, in: directory.path)
            #expect(try swap.run().errors.contains("there is no socket \(socket)"))
            let taken = try ChildProcess(
                "spawn-fcgi", ["-n", "-s", socket, "--", executable(.presign)], environment: try sandbox().settings)
            try eventually("spawn-fcgi listens") { (try? swap.listener()) == taken.pid }
            #expect(
                try swap.run().errors.contains(
                    "process \(taken.pid) (\(executable(.presign))), which was not started with --listen"))
            #expect(taken.isRunning)
            taken.signal(SIGTERM)
            try taken.wait()
            #expect(try swap.run().errors.contains("nothing answers at \(socket)"))
            let old = try EndpointProcess(.presign, socket: socket)
            #expect(try swap.run("/nonexistent").errors.contains("there is no /nonexistent"))
            #expect(try swap.run("/etc/passwd").errors.contains("/etc/passwd is not an executable"))
            #expect(try swap.run(executable(.download)).errors.contains("is not r2-presigned-url but: ozon-download "))
            #expect(try swap.listener() == old.child.pid)
            for arguments in [[], ["r2-presigned-url"], ["--user", "a", "b"], ["--run"], ["a", "b", "c"]] {
                #expect(try ChildProcess.run("\(repository)/deploy/swap", arguments).code == 64, "\(arguments)")
            }
        }

        // Alone, because the second swap must start while the first one waits for its new process.
        @Test(.alone)
        func `A second concurrent swap is rejected, and TERM before the old process drains reverts the first`()
            throws
        {
            let directory = try TemporaryDirectory()
            let old = try EndpointProcess(.presign, socket: directory.file("\(Endpoint.presign).sock"))
            let (first, second) = (
                try SwapCommand(.presign, in: directory.path), try SwapCommand(.presign, in: directory.path)
            )
            try first.start()
            try eventually("the new process has taken over") { try first.listener() != old.child.pid }
            let (code, errors) = try second.run()
            #expect(code == 1 && errors.contains("r2-presigned-url is already being swapped"), "\(errors)")
            let new = try first.listener()
            first.signal(SIGTERM)
            #expect(try first.wait().code == 1)
            #expect(try first.listener() == old.child.pid)
            #expect(try left(directory.path) == ["\(Endpoint.presign).sock"])
            try eventually("the new process has ended") { kill(new, 0) != 0 }
        }

        private func identity(_ pid: pid_t) throws -> [Substring] {
            try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n").filter {
                $0.contains(/^(Uid|Gid|Groups):/)
            }
        }

        @Test
        func
            `The new process has the old one's user, the socket's group and the settings of --env, and can be swapped`()
            throws
        {
            let directory = try TemporaryDirectory()
            let socket = directory.file("\(Endpoint.presign).sock")
            let another = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=www-data,games"]
            // Needs root, and an executable that other users can reach.
            let may =
                try ChildProcess.run("setpriv", another.dropFirst() + ["test", "-x", executable(.presign)]).code == 0
            if may {
                try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory.path)
            }
            let old = try EndpointProcess(.presign, socket: socket, launcher: may ? another : [])
            if may {
                try FileManager.default.setAttributes([.groupOwnerAccountName: "www-data"], ofItemAtPath: socket)
            }
            func attributes() throws -> [String] {
                let all = try FileManager.default.attributesOfItem(atPath: socket)
                return ["\(all[.groupOwnerAccountName] ?? "")", "\(all[.posixPermissions] ?? "")"]
            }
            let before = try (identity(old.child.pid), attributes())
            let settings = try sandbox().settings.merging(["R2_PUBLIC_BASE": "https://new.example"]) { $1 }
            try directory.write("env", settings.map { "\($0)=\($1)\n" }.joined())
            let swap = try SwapCommand(.presign, in: directory.path)
            let (code, errors) = try swap.run(nil, ["--env", directory.file("env")])
            #expect(code == 0, "\(errors)")
            let new = try swap.listener()
            #expect(try identity(new) == before.0)
            #expect(try attributes() == before.1)
            let response = try old.post(Endpoint.presign.goodBody)
            #expect(response.json["public_url"].string?.hasPrefix("https://new.example/") == true)
            try swap.start()
            try eventually("another process takes over") { try swap.listener() != new }
            swap.signal(SIGINT)
            #expect(try swap.wait().code == 1)
            #expect(try swap.listener() == new)
        }
    }
}
