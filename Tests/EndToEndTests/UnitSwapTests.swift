import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// deploy/swap where systemd owns the socket and two instances share it. Tests/Support/systemctl simulates it.
    @Suite struct UnitSwaps {
        @Test(.enabled(if: runsLongTests))
        func `Under load both instances get the new executable and no request fails`() throws {
            let units = try SimulatedUnits(.presign)
            let swap = try units.swap()
            let before = try units.instances()
            let new = units.tools.file("new")
            try installExecutable(units.installed, as: new, suffix: "another version")
            let load = try WrkLoad(units.nginx.client, .presign)
            let (code, errors) = try swap.run(new)
            #expect(code == 0, "\(errors)")
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 100)
            let after = try units.instances()
            #expect(before.count == 2 && after.count == 2 && Set(before).isDisjoint(with: after))
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: new))
            #expect(!FileManager.default.fileExists(atPath: "\(units.installed).previous"))
        }

        @Test func `A new executable that does not start as a unit is reverted, and no request fails`() throws {
            let units = try SimulatedUnits(.presign)
            let swap = try units.swap()
            let before = try units.instances()
            let load = try WrkLoad(units.nginx.client, .presign)
            let (code, errors) = try swap.run(swap.impostor("exit 78", startedWith: ""))
            #expect(code == 1)
            #expect(errors.contains("\(Endpoint.presign)@1.service did not start with the new executable"), "\(errors)")
            let summary = try load.stop()
            #expect(summary.failed == 0)
            #expect(summary.requests > 100)
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
            let after = try units.instances()
            #expect(
                after.count == 2 && Set(before).intersection(after).count == 1, "only the first instance was restarted")
            #expect(try swap.run(nil, ["--env", "/dev/null"]).errors.contains("the settings are the unit's"))
        }

        @Test(.enabled(if: runsLongTests))
        func `If the second instance fails, the first gets the old executable back and no request fails`() throws {
            let units = try SimulatedUnits(.presign)
            let swap = try units.swap()
            let load = try WrkLoad(units.nginx.client, .presign)
            let once = units.tools.file("once")
            let (code, errors) = try swap.run(
                swap.impostor("mkdir '\(once)' || exit 78; exec \"$real\"", startedWith: ""))
            #expect(code == 1)
            #expect(errors.contains("\(Endpoint.presign)@2.service did not start"), "\(errors)")
            #expect(try load.stop().failed == 0)
            try eventually("both instances run again") { try units.instances().count == 2 }
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
        }

        @Test func `The unit's executable is replaced, whichever file its main process runs`() throws {
            let tools = try TemporaryDirectory()
            try installExecutable("/usr/bin/bash", as: tools.file("bash"))
            try tools.write(
                "program",
                """
                #!\(tools.file("bash"))
                (export LISTEN_PID=$BASHPID; exec "\(executable(.presign))") & child=$!
                trap 'kill $child' TERM
                wait $child
                wait $child
                """)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tools.file("program"))
            let units = try SimulatedUnits(.presign, program: tools.file("program"))
            let (code, errors) = try units.swap().run()
            #expect(code == 0, "\(errors)")
            #expect(FileManager.default.contentsEqual(atPath: units.installed, andPath: executable(.presign)))
            #expect(FileManager.default.contentsEqual(atPath: "/usr/bin/bash", andPath: tools.file("bash")))
            for suffix in [".next", ".previous"] {
                #expect(!FileManager.default.fileExists(atPath: units.installed + suffix), "\(suffix)")
            }
        }
    }
}
