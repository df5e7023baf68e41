import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// deploy/swap run as root, for a process of a user who controls the directory of the socket, the environment of
    /// the process and everything that it sends.
    @Suite struct SwapPrivileges {
        private static let nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

        /// Needs root, and an executable that other users can reach.
        private static let isPossible =
            isRoot
            && (try? ChildProcess.run(nobody[0], nobody.dropFirst() + ["test", "-x", executable(.presign)]).code) == 0

        /// A process of the user nobody in a directory of that user, with an environment that is meant for root.
        private final class HostileProcess {
            let directory = try! TemporaryDirectory()
            let evil = try! TemporaryDirectory()
            let process: EndpointProcess
            let swap: SwapCommand

            init() throws {
                for path in [directory.path, evil.path] {
                    try FileManager.default.setAttributes(
                        [.posixPermissions: 0o777, .ownerAccountName: "nobody"], ofItemAtPath: path)
                }
                for name in ["setpriv", "setsid", "timeout", "env", "python3", "bash", "systemctl"] {
                    try evil.write(name, "#!/bin/sh\nid -u >>'\(evil.file("ran"))'\n")
                    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: evil.file(name))
                }
                process = try EndpointProcess(
                    .presign, ["PATH": "\(evil.path):/usr/bin:/bin", "LD_PRELOAD": evil.file("none.so")],
                    socket: directory.file("\(Endpoint.presign).sock"), launcher: nobody)
                swap = try SwapCommand(.presign, in: directory.path)
            }
        }

        private func properties(_ pid: pid_t) throws -> (user: String?, environment: [String]) {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let variables = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ")).split(separator: 0)
            return (
                status.split(separator: "\n").first { $0.hasPrefix("Uid:") }.map(String.init),
                variables.map { String(decoding: $0, as: UTF8.self) }
            )
        }

        @Test(.enabled(if: isPossible))
        func `The new process takes only settings from the old one's environment, and the old one's user and log`()
            throws
        {
            let hostile = try HostileProcess()
            let (code, errors) = try hostile.swap.run()
            #expect(code == 0 && errors.isEmpty, "\(errors)")
            let new = try hostile.swap.listener()
            #expect(new != hostile.process.child.pid)
            let (user, environment) = try properties(new)
            #expect(user == "Uid:" + String(repeating: "\t65534", count: 4))
            #expect(environment.contains { $0.hasPrefix("R2_BUCKET_NAME=") })
            #expect(!environment.contains { $0.contains(hostile.evil.path) })
            #expect(!FileManager.default.fileExists(atPath: hostile.evil.file("ran")))
            #expect(try hostile.process.messages("started").map { $0["pid"].int }.last == Int(new))
        }

        @Test(.enabled(if: isPossible), arguments: [".lock", ".next", ".previous"])
        func `A link that the old process's user puts beside the socket changes no file of root`(suffix: String) throws
        {
            let hostile = try HostileProcess()
            let precious = try TemporaryDirectory()
            try precious.write("file", "kept")
            chmod(precious.file("file"), 0o600)
            #expect(symlink(precious.file("file"), hostile.swap.socketPath + suffix) == 0)
            let (code, errors) = try hostile.swap.run()
            if suffix == ".lock" {
                #expect(code == 1 && errors.contains("cannot lock \(hostile.swap.socketPath).lock"), "\(errors)")
                #expect(try hostile.swap.listener() == hostile.process.child.pid)
            } else {
                #expect(code == 0, "\(errors)")
            }
            #expect(try precious.read("file") == "kept")
            let attributes = try FileManager.default.attributesOfItem(atPath: precious.file("file"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.ownerAccountName] as? String == "root")
        }

        @Test(.enabled(if: isPossible))
        func `A socket of root in a directory in which others may write is not swapped`() throws {
            let directory = try TemporaryDirectory()
            let old = try EndpointProcess(.presign, socket: directory.file("\(Endpoint.presign).sock"))
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: directory.path)
            let swap = try SwapCommand(.presign, in: directory.path)
            let (code, errors) = try swap.run()
            #expect(code == 1 && errors.contains("another user may write in \(directory.path)"), "\(errors)")
            #expect(try swap.listener() == old.child.pid)
            #expect(directory.names.filter { $0.hasSuffix(".lock") }.isEmpty)
        }

        @Test(.enabled(if: isPossible))
        func `A link to another user's socket is not followed`() throws {
            let hostile = try HostileProcess()
            let other = try EndpointProcess(.presign)
            #expect(unlink(hostile.swap.socketPath) == 0)
            #expect(symlink(other.socketPath, hostile.swap.socketPath) == 0)
            let (code, errors) = try hostile.swap.run()
            #expect(code == 1 && errors.contains("there is no socket \(hostile.swap.socketPath)"), "\(errors)")
            #expect(unlink(hostile.swap.socketPath) == 0)
            #expect(other.child.isRunning && hostile.process.child.isRunning)
        }
    }
}
