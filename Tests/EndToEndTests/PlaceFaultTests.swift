import Foundation
import Testing

extension EndToEnd {
    /// Faults of the place: what the machine or the network lacks. The process lives, answers the contract's error and
    /// recovers by itself.
    @Suite struct PlaceFaults {
        private static let isRoot = geteuid() == 0

        /// The same process answers again, without being told to.
        private func recovers(_ handler: Handler, _ site: Site, within seconds: Double = 10) throws {
            try eventually("\(handler.endpoint) answers again", within: seconds) {
                try site.post(handler.endpoint, handler.endpoint.goodBody).status == 200
            }
            #expect(handler.program.isRunning)
        }

        @Test func `A full backlog is answered at once, and the process goes on where it stopped`() throws {
            let stage = try Stage()
            let handler = try stage.handler(.presign).warmedUp()
            handler.program.signal(SIGSTOP)
            defer { handler.program.signal(SIGCONT) }
            var queued: [Wire] = []
            // As nginx does, connecting fails at once where the queue is full.
            let isFull = try Self.fill(handler.socket, &queued)
            try #require(isFull)
            let passed = try seconds {
                for _ in 0..<3 {
                    expect(try stage.site.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
                }
            }
            #expect(passed < 4, "it was not waited for")
            queued = []
            handler.program.signal(SIGCONT)
            try recovers(handler, stage.site)
        }

        private static func fill(_ socket: String, _ queued: inout [Wire]) throws -> Bool {
            for _ in 0..<4000 {
                do { queued.append(try Wire(path: socket, patience: 0.2)) } catch is WireError { return true }
            }
            return false
        }

        @Test func `Out of descriptors while it copies, it lives, says so and copies again when there are some`() throws
        {
            let site = try CopySite()
            let handler = try site.handler.warmedUp()
            // Enough to take one request, too few for its transfers.
            let before = handler.descriptors
            try handler.limit("nofile", before + 16 + 4)
            let starved = try site.copy(["BIG-20", "BIG-21"]).json["data"]["items"].list
            let reasons = Set(starved.flatMap { $0["errors"].list.compactMap { $0["reason"].string } })
            #expect(reasons.contains("Host unreachable") || reasons.contains("Storage unavailable"), "\(reasons)")
            let slow = try (0..<40).map { number in
                try site.begin(
                    downloadBody(["A-\(number + 1)"], key: "slow-1s"), patience: 30)
            }
            try eventually("it pauses") { try !handler.messages("accept paused").isEmpty }
            #expect(handler.program.isRunning)
            try handler.limit("nofile", before + 1000)
            for wire in slow {
                let answer = try HTTPAnswer(try wire.readToEnd())
                if answer.status != 200 { expect(answer, .ozonUnavailable) }
            }
            let again = try define("DESCRIPTORS-AGAIN", ["size-5000-again.jpg"])
            #expect(try site.copy(["DESCRIPTORS-AGAIN"]).json["data"]["success_images"].int == again.count)
            #expect(handler.program.isRunning)
        }

        @Test func `Without room for a thread it lives, and answers what waited when there is some`() throws {
            let stage = try Stage()
            // Its address space is too small for another thread's stack: the first call needs two threads.
            let handler = try stage.handler(.download)
            try handler.limit("as", (handler.program.statusLine("VmSize") ?? 0) * 1024 + 2 << 20)
            let wire = try stage.site.open(.download, Array(Endpoint.download.goodBody.utf8))
            try eventually("the request is read") {
                try http("GET", port: stage.site.port, "/ozon-r2/ozon-download/status").json["in flight"].int == 1
            }
            try handler.limit("as", nil)
            #expect([200, 502].contains(try HTTPAnswer(try wire.readToEnd()).status))
            try recovers(handler, stage.site)
        }

        @Test(.enabled(if: isRoot, "mounting a small disk takes root"))
        func `A body for which nginx has no room on its disk is INTERNAL, and others go on`() throws {
            let disk = try Scratch()
            let mounted = try Program.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.path])
            try #require(mounted.code == 0, "\(mounted.errors)")
            defer { _ = try? Program.run("umount", ["-l", disk.path]) }
            let stage = try Stage([
                ("nginx.conf", "client_body_temp_path", "client_body_temp_path \(disk.path)/body; #")
            ])
            let handler = try stage.handler(.download)
            let large = downloadBody((0..<3000).map { "\(String(repeating: "X", count: 200))\($0)" })
            let answer = try stage.site.post(.download, large)
            expect(answer, Failure(status: 500, code: "INTERNAL", error: "Internal error"))
            #expect(try stage.site.post(.download, Endpoint.download.goodBody).status == 200)
            let room = try Program.run("mount", ["-o", "remount,size=16m", disk.path])
            #expect(room.code == 0)
            #expect(try stage.site.post(.download, large).status == 200)
            #expect(handler.program.isRunning)
        }

        @Test func `Ozon and R2 away: each is answered as such, nothing piles up, and it works when they are back`()
            throws
        {
            let stage = try Stage()
            let storage = try Proxy.beforeStorage()
            let ozon = try Proxy(to: try sandbox().ozonPort)
            let patience = isLong ? 20 : 2
            let handler = try stage.handler(
                .download, ["OZON_API_URL": ozon.url, "OZON_TIMEOUT": "\(patience)", "OZON_MAX_RETRIES": "0"]
            ).warmedUp()
            let create = try stage.handler(.create, ["R2_ENDPOINT_URL": storage.url]).warmedUp()
            let descriptors = handler.descriptors
            ozon.stop()
            let body = Array(Endpoint.download.goodBody.utf8)
            let open = try (0..<100).map { _ in try stage.site.open(.download, body) }
            let passed = try seconds {
                for wire in open { expect(try HTTPAnswer(try wire.readToEnd()), .ozonTimeout) }
            }
            #expect(passed < Double(patience) + 2, "by the budget and not one after another")
            ozon.go()
            try recovers(handler, stage.site)
            try eventually("nothing is left of them") { handler.descriptors < descriptors + 40 }
            try storage.end()
            let refused = try stage.site.post(.create, Endpoint.create.goodBody)
            expect(refused, .storageUnavailable)
            #expect(refused.json["detail"].string?.isEmpty == false)
            #expect(create.program.isRunning)
            let back = try Proxy(to: try sandbox().s3Port, port: storage.port)
            try recovers(create, stage.site)
            #expect(back.port == storage.port)
        }

        @Test(.enabled(if: isRoot, "another resolver takes a mount namespace, and so root"))
        func `Without DNS it is unavailable within the budget, few threads wait, and names are found again after`()
            throws
        {
            let stage = try Stage()
            let files = try Scratch()
            // A name server that never answers: a socket nobody reads.
            try files.write("resolv.conf", "nameserver 127.0.0.53\noptions timeout:4 attempts:2\n")
            try files.write("nsswitch.conf", "hosts: files dns\n")
            try files.write("hosts", "127.0.0.1 localhost\n")
            let mounts = ["resolv.conf", "nsswitch.conf", "hosts"].map {
                "mount --bind '\(files.file($0))' /etc/\($0)"
            }
            let launcher = ["unshare", "-m", "sh", "-c", (mounts + ["exec \"$@\""]).joined(separator: " && "), "sh"]
            let silent = try SilentNameServer()
            let handler = try Handler(
                .download,
                [
                    "OZON_API_URL": "https://ozon-api.example:\(try freePort())", "OZON_TIMEOUT": "2",
                    "OZON_MAX_RETRIES": "0",
                ], socket: stage.socket(.download), launcher: launcher)
            let body = Array(Endpoint.download.goodBody.utf8)
            var threads = 0
            let passed = try seconds {
                let open = try (0..<50).map { _ in try stage.site.open(.download, body) }
                try eventually("a name is asked for") { silent.wasAsked }
                threads = handler.program.statusLine("Threads") ?? .max
                for wire in open {
                    let answer = try HTTPAnswer(try wire.readToEnd())
                    #expect(
                        ["OZON_UNAVAILABLE", "OZON_TIMEOUT"].contains(answer.json["code"].string), "\(answer.text)")
                    #expect([502, 504].contains(answer.status))
                }
            }
            #expect(passed < 5, "it waits for no lookup, each of which takes 8 s")
            #expect(threads < 64, "one name is looked up once for all that wait for it")
            #expect(handler.program.isRunning)
            // The file's own inode was mounted: written in place, it is seen inside.
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: files.file("hosts")))
            file.seekToEndOfFile()
            file.write(Data("127.0.0.1 ozon-api.example\n".utf8))
            // Found, and then refused: nothing listens there. That is another word of libcurl's.
            try eventually("the name is found again") {
                try stage.site.post(.download, Endpoint.download.goodBody).json["detail"].string?
                    .lowercased().contains("connect to server") == true
            }
        }

        @Test(
            .enabled(if: Faketime.library != nil, "needs libfaketime (Debian's faketime)"), arguments: ["+20m", "-20m"])
        func `A wrong clock is told by R2's own word, to the caller, in the item and in the log`(_ offset: String)
            throws
        {
            let wrong = ["LD_PRELOAD": Faketime.library!, "FAKETIME": offset, "DONT_FAKE_MONOTONIC": "1"]
            let create = try Handler(.create, wrong)
            let refused = try create.post(Endpoint.create.goodBody)
            expect(refused, .storageRefused)
            #expect(refused.json["detail"].string == "RequestTimeTooSkewed")
            #expect(try create.messages("request").last?["detail"].string == "RequestTimeTooSkewed")
            let site = try CopySite(wrong)
            let item = try site.copy(["2194435302"]).json["data"]["items"][0]
            #expect(item["errors"][0]["detail"].string == "RequestTimeTooSkewed")
        }
    }
}

/// Debian's libfaketime, wherever it is on this machine.
private enum Faketime {
    static let library = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketime.so.1" }
        .first { FileManager.default.fileExists(atPath: $0) }
}

/// Takes questions at 127.0.0.53 and answers none.
private final class SilentNameServer {
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(53).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0035).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard bound == 0 else { throw WireError("bind 127.0.0.53:53") }
    }

    deinit { close(descriptor) }

    var wasAsked: Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) == 1
    }
}

extension Handler {
    /// Changes a limit of the running process; nil: none.
    fileprivate func limit(_ name: String, _ value: Int?) throws {
        let changed = try Program.run(
            "prlimit", ["--pid", "\(program.pid)", "--\(name)=\(value.map(String.init) ?? "unlimited"):"])
        try #require(changed.code == 0, "\(changed.errors)")
    }
}
