import Foundation
import Testing

extension EndToEnd {
    /// deploy/swap where systemd holds the socket and two instances share it, as simulated by Tests/Support/systemctl.
    @Suite struct SwappingUnits {
        /// nginx, the two instances of the presigner, and a swap that finds their `systemctl`.
        private final class Units {
            let stage: Stage
            let swap: Swap
            let installed: String
            let tools: Scratch
            private let systemd: Program

            init() throws {
                stage = try Stage()
                installed = "\(stage.sockets)/\(Endpoint.presign)"
                try FileManager.default.copyItem(atPath: executable(.presign), toPath: installed)
                tools = try Scratch()
                let systemctl = "\(repository)/Tests/Support/systemctl"
                try FileManager.default.createSymbolicLink(
                    atPath: tools.file("systemctl"), withDestinationPath: systemctl)
                let search = ProcessInfo.processInfo.environment["PATH"] ?? ""
                swap = try Swap(
                    .presign, in: stage.sockets,
                    environment: ["PATH": "\(tools.path):\(search)", "SYSTEMD": stage.sockets])
                systemd = try Program(
                    systemctl, ["serve", stage.sockets, "\(Endpoint.presign)"], environment: try sandbox().settings)
                let site = stage.site
                try eventually("the instances answer") {
                    try site.post(.presign, Endpoint.presign.goodBody).status == 200
                }
            }

            deinit {
                systemd.signal(SIGTERM)
                _ = try? systemd.wait()
            }

            func instances() throws -> [Substring] {
                let (_, output, _) = try Program.run("pgrep", ["-f", "^\(installed)$"])
                return String(decoding: output, as: UTF8.self).split(separator: "\n")
            }
        }

        @Test(.enabled(if: isLong))
        func `Under load both instances get the new executable and nothing is lost`() throws {
            let units = try Units()
            let before = try units.instances()
            let new = units.tools.file("new")
            try FileManager.default.copyItem(atPath: units.installed, toPath: new)
            let file = try #require(FileHandle(forWritingAtPath: new))
            file.seekToEndOfFile()
            file.write(Data([0]))
            try file.close()
            let load = try Load(units.stage.site, .presign)
            let (code, errors) = try units.swap.run(new)
            #expect(code == 0, "\(errors)")
            let seen = try load.stop()
            #expect(seen.failed == 0)
            #expect(seen.requests > 1000)
            let after = try units.instances()
            #expect(before.count == 2 && after.count == 2 && Set(before).isDisjoint(with: after))
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: new))
            let previous = "\(units.installed).previous"
            #expect(FileManager.default.contentsEqual(atPath: previous, andPath: executable(.presign)))
        }

        @Test func `A new executable that doesn't start as a unit is taken back, and nothing is lost`() throws {
            let units = try Units()
            let before = try units.instances()
            let load = try Load(units.stage.site, .presign)
            let (code, errors) = try units.swap.run(units.swap.impostor("exit 78", told: ""))
            #expect(code == 1)
            #expect(errors.contains("\(Endpoint.presign)@1.service did not start with the new executable"), "\(errors)")
            let seen = try load.stop()
            #expect(seen.failed == 0)
            #expect(seen.requests > 1000)
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
            let after = try units.instances()
            #expect(after.count == 2 && Set(before).intersection(after).count == 1, "only the first was restarted")
            #expect(try units.swap.run(nil, ["--env", "/dev/null"]).errors.contains("the settings are the unit's"))
        }

        @Test(.enabled(if: isLong))
        func `If the second instance fails the first gets the old executable back, and nothing is lost`() throws {
            let units = try Units()
            let load = try Load(units.stage.site, .presign)
            let once = units.tools.file("once")
            let (code, errors) = try units.swap.run(
                units.swap.impostor("mkdir '\(once)' || exit 78; exec \"$real\"", told: ""))
            #expect(code == 1)
            #expect(errors.contains("\(Endpoint.presign)@2.service did not start"), "\(errors)")
            #expect(try load.stop().failed == 0)
            try eventually("both run what was installed before") { try units.instances().count == 2 }
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
        }
    }
}
