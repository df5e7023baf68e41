import Foundation
import Testing

extension EndToEnd {
    /// deploy/swap: a new executable takes the old one's place, or the old one keeps it.
    @Suite struct Swapping {
        /// Told to listen, runs the real executable until it has taken over, and half a second more.
        private static func afterTakeOver(_ command: String) -> String {
            """
            "$real" "$@" & child=$!
            trap 'kill -TERM $child; kill -CONT $child; wait $child; exit 0' TERM
            until [ -S "$2" ]; do sleep 0.02; done
            while [ -S "$2" ]; do sleep 0.02; done
            sleep 0.5
            \(command)
            wait $child
            """
        }

        /// Speaks FastCGI, and answers every request with these bytes of STDOUT.
        private static func answering(_ text: String) -> String {
            """
            exec python3 - "$2" <<'END'
            import socket, struct, sys
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(sys.argv[1])
            listener.listen()
            while True:
                connection = listener.accept()[0]
                connection.recv(65536)
                output = b\(text)
                connection.sendall(struct.pack(">BBHHBx", 1, 6, 1, len(output), 0) + output)
                connection.sendall(struct.pack(">BBHHBx8x", 1, 3, 1, 8, 0))
                connection.close()
            END
            """
        }

        @Test func `Under load the new process takes over and nothing is lost`() throws {
            let stage = try Stage()
            let old = try stage.handler(.presign, ["R2_PUBLIC_BASE": "https://kept.example"])
            let swap = try Swap(.presign, in: stage.sockets)
            let load = try Load(stage.site, .presign)
            let (code, errors) = try swap.run()
            #expect(code == 0 && errors.isEmpty, "\(errors)")
            let new = try swap.listener()
            #expect(new != old.program.pid)
            #expect(try swap.output().contains("(process \(new))"))
            #expect(try old.program.wait() == 0)
            let seen = try load.stop()
            #expect(seen.failed == 0)
            #expect(seen.requests > 1000)
            let answer = try stage.site.post(.presign, Endpoint.presign.goodBody)
            #expect(
                answer.json["public_url"].string?.hasPrefix("https://kept.example/") == true, "its settings went over")
            #expect(
                try old.messages("started").map { $0["pid"].int } == [Int(old.program.pid), Int(new)], "its log too")
            #expect(getsid(new) == new, "no terminal's end reaches it")
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(new)/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(new)/fd/\($0)")
            }
            #expect(!open.contains { $0.hasSuffix(".sock.lock") }, "\(open)")
            #expect(try left(stage.sockets) == ["\(Endpoint.presign).sock"])
        }

        /// The locks of swaps stay; what processes tell of themselves goes when they end.
        private func left(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder).filter {
                !$0.hasSuffix(".lock") && !$0.contains(".status")
            }
        }

        @Test func `The new process dies under load after it has taken over: the old one goes on and nothing is lost`()
            throws
        {
            let stage = try Stage()
            let old = try stage.handler(.presign)
            let swap = try Swap(.presign, in: stage.sockets)
            let load = try Load(stage.site, .presign)
            let (code, errors) = try swap.run(swap.impostor(Self.afterTakeOver("kill -TERM $child")))
            #expect(code == 1)
            #expect(
                errors.contains("failed after it had taken over") && errors.contains("serves as before"), "\(errors)")
            let seen = try load.stop()
            #expect(seen.failed == 0)
            #expect(seen.requests > 1000)
            #expect(try swap.listener() == old.program.pid)
            #expect(try left(stage.sockets) == ["\(Endpoint.presign).sock"])
        }

        /// An impostor, and what must be said of it.
        private struct Fault {
            let name: String
            let behaviour: String
            let words: String
        }

        private static let faults = [
            Fault(name: "ends at once", behaviour: "exit 3", words: "exited during its start"),
            Fault(
                name: "never answers",
                behaviour: "(until [ -S \"$2\" ]; do :; done; kill -STOP $$) & exec \"$real\" \"$@\"",
                words: "no answer within 5 s"),
            Fault(
                name: "answers 200", behaviour: answering(#""Status: 200 OK\r\n\r\n{}""#),
                words: "'Status: 200 OK' instead of 'Status: 401'"),
            Fault(
                name: "answers another request", behaviour: answering(#""Status: 401 Unauthorized\r\n\r\n{}""#),
                words: "its X-Request-Id is not the one of the request"),
            Fault(name: "answers nothing", behaviour: answering(#""""#), words: "'' instead of 'Status: 401'"),
            Fault(
                name: "hangs after it has taken over", behaviour: afterTakeOver("kill -STOP $child"),
                words: "failed after it had taken over"),
        ]

        @Test func `Each new executable that fails leaves the old process in its place`() throws {
            let tried = try Self.faults.map { fault in
                let scratch = try Scratch()
                let old = try Handler(.presign, socket: scratch.file("\(Endpoint.presign).sock"))
                let swap = try Swap(.presign, in: scratch.path)
                try swap.start(swap.impostor(fault.behaviour))
                return (fault, scratch, old, swap)
            }
            for (fault, scratch, old, swap) in tried {
                let (code, errors) = try swap.wait()
                #expect(code == 1, "\(fault.name)")
                #expect(errors.contains(fault.words), "\(fault.name): \(errors)")
                #expect(errors.hasSuffix("old executable serves as before\n"))
                #expect(try swap.listener() == old.program.pid, "\(fault.name)")
                #expect(try old.post(Endpoint.presign.goodBody).status == 200)
                let files = try left(scratch.path)
                #expect(files == ["\(Endpoint.presign).sock"], "\(fault.name)")
                try eventually("\(fault.name): only the old process is left") {
                    let (_, output, _) = try Program.run("pgrep", ["-f", "--", "--listen \(scratch.path)/"])
                    return String(decoding: output, as: UTF8.self) == "\(old.program.pid)\n"
                }
            }
        }

        @Test func `Settings that --check refuses change nothing`() throws {
            let scratch = try Scratch()
            let old = try Handler(.presign, socket: scratch.file("\(Endpoint.presign).sock"))
            let swap = try Swap(.presign, in: scratch.path)
            try scratch.write("broken", "MAX_BODY_BYTES=1k\nnot a setting\n")
            #expect(
                try swap.run(nil, ["--env", scratch.file("broken")]).errors.contains("NAME=value: not a setting\n"))
            try scratch.write("broken", "MAX_BODY_BYTES=1k\n")
            let (code, errors) = try swap.run(nil, ["--env", scratch.file("broken")])
            #expect(code == 1)
            for name in ["API_KEYS", "R2_BUCKET_NAME", "MAX_BODY_BYTES"] { #expect(errors.contains("\(name): ")) }
            #expect(try swap.listener() == old.program.pid)
        }

        @Test func `What can't be swapped is refused with its reason, and nothing is touched`() throws {
            let scratch = try Scratch()
            let socket = scratch.file("\(Endpoint.presign).sock")
            let swap = try Swap(.presign, in: scratch.path)
            #expect(try swap.run().errors.contains("there is no socket \(socket)"))
            let taken = try Program(
                "spawn-fcgi", ["-n", "-s", socket, "--", executable(.presign)], environment: try sandbox().settings)
            try eventually("spawn-fcgi's socket") { (try? swap.listener()) == taken.pid }
            #expect(
                try swap.run().errors.contains(
                    "process \(taken.pid) (\(executable(.presign))), which was not started with --listen"))
            #expect(taken.isRunning)
            taken.signal(SIGTERM)
            try taken.wait()
            #expect(try swap.run().errors.contains("nothing answers at \(socket)"))
            let old = try Handler(.presign, socket: socket)
            #expect(try swap.run("/nonexistent").errors.contains("there is no /nonexistent"))
            #expect(try swap.run("/etc/passwd").errors.contains("/etc/passwd is not an executable"))
            #expect(try swap.run(executable(.download)).errors.contains("is not r2-presigned-url but: ozon-download "))
            #expect(try swap.listener() == old.program.pid)
            for arguments in [[], ["r2-presigned-url"], ["--user", "a", "b"], ["--run"], ["a", "b", "c"]] {
                #expect(try Program.run("\(repository)/deploy/swap", arguments).code == 64, "\(arguments)")
            }
        }

        @Test
        func `Of two swaps at once the second is refused, and TERM before the old one drains takes the first back`()
            throws
        {
            let scratch = try Scratch()
            let old = try Handler(.presign, socket: scratch.file("\(Endpoint.presign).sock"))
            let (first, second) = (try Swap(.presign, in: scratch.path), try Swap(.presign, in: scratch.path))
            try first.start()
            try eventually("it has taken over") { try first.listener() != old.program.pid }
            let (code, errors) = try second.run()
            #expect(code == 1 && errors.contains("r2-presigned-url is already being swapped"), "\(errors)")
            let new = try first.listener()
            first.signal(SIGTERM)
            #expect(try first.wait().code == 1)
            #expect(try first.listener() == old.program.pid)
            #expect(try left(scratch.path) == ["\(Endpoint.presign).sock"])
            try eventually("the new process has ended") { kill(new, 0) != 0 }
        }

        private func identity(_ pid: pid_t) throws -> [Substring] {
            try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n").filter {
                $0.contains(/^(Uid|Gid|Groups):/)
            }
        }

        @Test
        func
            `The new process has the old one's user, the socket's group and the settings of --env, and is swapped in turn`()
            throws
        {
            let scratch = try Scratch()
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: scratch.path)
            let socket = scratch.file("\(Endpoint.presign).sock")
            let another = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=www-data,games"]
            // Takes root, and an executable that isn't below root's own folder.
            let may = try Program.run("setpriv", another.dropFirst() + ["test", "-x", executable(.presign)]).code == 0
            let old = try Handler(.presign, socket: socket, launcher: may ? another : [])
            if may {
                try FileManager.default.setAttributes([.groupOwnerAccountName: "www-data"], ofItemAtPath: socket)
            }
            func attributes() throws -> [String] {
                let all = try FileManager.default.attributesOfItem(atPath: socket)
                return ["\(all[.groupOwnerAccountName] ?? "")", "\(all[.posixPermissions] ?? "")"]
            }
            let before = try (identity(old.program.pid), attributes())
            let settings = try sandbox().settings.merging(["R2_PUBLIC_BASE": "https://new.example"]) { $1 }
            try scratch.write("env", settings.map { "\($0)=\($1)\n" }.joined())
            let swap = try Swap(.presign, in: scratch.path)
            let (code, errors) = try swap.run(nil, ["--env", scratch.file("env")])
            #expect(code == 0, "\(errors)")
            let new = try swap.listener()
            #expect(try identity(new) == before.0)
            #expect(try attributes() == before.1)
            let answer = try old.post(Endpoint.presign.goodBody)
            #expect(answer.json["public_url"].string?.hasPrefix("https://new.example/") == true)
            try swap.start()
            try eventually("another takes over from it") { try swap.listener() != new }
            swap.signal(SIGINT)
            #expect(try swap.wait().code == 1)
            #expect(try swap.listener() == new)
        }
    }
}
