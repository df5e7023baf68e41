import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// deploy/swap where systemd owns the socket and two instances share it. Tests/Support/systemctl simulates it.
    @Suite struct UnitSwaps {
        /// nginx, the two instances of the presigner, and a swap that finds their `systemctl`.
        private final class Units {
            let nginx: NginxInstance
            let swap: SwapCommand
            let installed: String
            let tools: TemporaryDirectory
            private let systemd: ChildProcess

            init() throws {
                nginx = try NginxInstance()
                installed = "\(nginx.sockets)/\(Endpoint.presign)"
                try installExecutable(executable(.presign), as: installed)
                tools = try TemporaryDirectory()
                let systemctl = "\(repository)/Tests/Support/systemctl"
                try FileManager.default.createSymbolicLink(
                    atPath: tools.file("systemctl"), withDestinationPath: systemctl)
                let search = ProcessInfo.processInfo.environment["PATH"] ?? ""
                swap = try SwapCommand(
                    .presign, in: nginx.sockets,
                    environment: ["PATH": "\(tools.path):\(search)", "SYSTEMD": nginx.sockets])
                systemd = try ChildProcess(
                    systemctl, ["serve", nginx.sockets, "\(Endpoint.presign)"], environment: try sandbox().settings)
                let client = nginx.client
                try eventually("the instances respond") {
                    try client.post(.presign, Endpoint.presign.goodBody).status == 200
                }
            }

            deinit {
                systemd.signal(SIGTERM)
                _ = try? systemd.wait()
            }

            func instances() throws -> [Substring] {
                let (_, output, _) = try ChildProcess.run("pgrep", ["-f", "^\(installed)$"])
                return String(decoding: output, as: UTF8.self).split(separator: "\n")
            }
        }

        @Test(.enabled(if: runsLongTests))
        func `Under load both instances get the new executable and no request fails`() throws {
            let units = try Units()
            let before = try units.instances()
            let new = units.tools.file("new")
            try installExecutable(units.installed, as: new, suffix: "another version")
            let load = try WrkLoad(units.nginx.client, .presign)
            let (code, errors) = try units.swap.run(new)
            #expect(code == 0, "\(errors)")
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 1000)
            let after = try units.instances()
            #expect(before.count == 2 && after.count == 2 && Set(before).isDisjoint(with: after))
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: new))
            let previous = "\(units.installed).previous"
            #expect(FileManager.default.contentsEqual(atPath: previous, andPath: executable(.presign)))
        }

        @Test func `A new executable that does not start as a unit is reverted, and no request fails`() throws {
            let units = try Units()
            let before = try units.instances()
            let load = try WrkLoad(units.nginx.client, .presign)
            let (code, errors) = try units.swap.run(units.swap.impostor("exit 78", startedWith: ""))
            #expect(code == 1)
            #expect(errors.contains("\(Endpoint.presign)@1.service did not start with the new executable"), "\(errors)")
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 1000)
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
            let after = try units.instances()
            #expect(
                after.count == 2 && Set(before).intersection(after).count == 1, "only the first instance was restarted")
            #expect(try units.swap.run(nil, ["--env", "/dev/null"]).errors.contains("the settings are the unit's"))
        }

        @Test(.enabled(if: runsLongTests))
        func `If the second instance fails, the first gets the old executable back and no request fails`() throws {
            let units = try Units()
            let load = try WrkLoad(units.nginx.client, .presign)
            let once = units.tools.file("once")
            let (code, errors) = try units.swap.run(
                units.swap.impostor("mkdir '\(once)' || exit 78; exec \"$real\"", startedWith: ""))
            #expect(code == 1)
            #expect(errors.contains("\(Endpoint.presign)@2.service did not start"), "\(errors)")
            #expect(try load.stop().failed == 0)
            try eventually("both instances run again") { try units.instances().count == 2 }
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
        }
    }
}
