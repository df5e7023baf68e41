import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Faults of the machine or the network. The process survives, responds with the documented error and recovers.
    @Suite struct EnvironmentFaults {
        /// Expects the same process to succeed again.
        private func recovers(_ process: EndpointProcess, _ client: NginxClient, within seconds: Double = 10) throws {
            try eventually("\(process.endpoint) responds again", within: seconds) {
                try client.post(process.endpoint, process.endpoint.goodBody).status == 200
            }
            #expect(process.child.isRunning)
        }

        @Test func `A full backlog fails at once, and the process recovers`() throws {
            let nginx = try NginxInstance()
            let process = try nginx.start(.presign).warmedUp()
            process.child.signal(SIGSTOP)
            defer { process.child.signal(SIGCONT) }
            var queued: [SocketConnection] = []
            // connect(2) would block when the queue is full, so it has a short timeout.
            let isFull = try Self.fill(process.socketPath, &queued)
            try #require(isFull)
            let elapsed = try elapsedSeconds {
                for _ in 0..<3 {
                    expect(try nginx.client.post(.presign, Endpoint.presign.goodBody), .backendUnavailable)
                }
            }
            #expect(elapsed < 14, "nginx does not wait for the process")
            queued = []
            process.child.signal(SIGCONT)
            try recovers(process, nginx.client)
        }

        private static func fill(_ socket: String, _ queued: inout [SocketConnection]) throws -> Bool {
            for _ in 0..<4000 {
                do { queued.append(try SocketConnection(path: socket, timeout: 0.2)) } catch is SocketError {
                    return true
                }
            }
            return false
        }

        @Test func `The process survives a lack of descriptors, logs it and copies again afterwards`() throws {
            let fixture = try CopyFixture()
            let process = try fixture.process.warmedUp()
            // Enough to accept one request, too few for its transfers.
            let before = process.openDescriptors
            try process.limit("nofile", before + 16 + 4)
            let starved = try fixture.copy(["BIG-20", "BIG-21"]).json["data"]["items"].list
            let reasons = Set(starved.flatMap { $0["errors"].list.compactMap { $0["reason"].string } })
            #expect(reasons.contains("Host unreachable") || reasons.contains("Storage unavailable"), "\(reasons)")
            let slow = try (0..<40).map { number in
                try fixture.begin(
                    downloadBody(["A-\(number + 1)"], key: "slow-1s"), timeout: 30)
            }
            try eventually("the process stops accepting") { try !process.messages("accept paused").isEmpty }
            #expect(process.child.isRunning)
            try process.limit("nofile", before + 1000)
            for connection in slow {
                let response = try HTTPResponse(try connection.readToEnd())
                if response.status != 200 { expect(response, .ozonUnavailable) }
            }
            let again = try define("DESCRIPTORS-AGAIN", ["size-5000-again.jpg"])
            #expect(try fixture.copy(["DESCRIPTORS-AGAIN"]).json["data"]["success_images"].int == again.count)
            #expect(process.child.isRunning)
        }

        @Test(.alone) func `The process survives a lack of memory for threads and then answers waiting requests`()
            throws
        {
            let nginx = try NginxInstance()
            // Its address space has no room for another thread's stack, and the first request needs two threads.
            let process = try nginx.start(.download)
            try process.limit("as", (process.child.statusLine("VmSize") ?? 0) * 1024 + 2 << 20)
            let connection = try nginx.client.open(.download, Array(Endpoint.download.goodBody.utf8))
            try eventually("the request is in flight") {
                try http("GET", port: nginx.client.port, "/ozon-r2/ozon-download/status").json["in flight"].int == 1
            }
            try process.limit("as", nil)
            #expect([200, 502].contains(try HTTPResponse(try connection.readToEnd()).status))
            try recovers(process, nginx.client)
        }

        @Test(.enabled(if: isRoot, "mounting a file system needs root"))
        func `A body that nginx cannot buffer on its full disk is INTERNAL, and other requests succeed`() throws {
            let disk = try TemporaryDirectory()
            let mounted = try ChildProcess.run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.path])
            try #require(mounted.code == 0, "\(mounted.errors)")
            defer { _ = try? ChildProcess.run("umount", ["-l", disk.path]) }
            let nginx = try NginxInstance([
                ("nginx.conf", "client_body_temp_path", "client_body_temp_path \(disk.path)/body; #")
            ])
            let process = try nginx.start(.download)
            let large = downloadBody((0..<3000).map { "\(String(repeating: "X", count: 200))\($0)" })
            let response = try nginx.client.post(.download, large)
            expect(response, .internalError)
            #expect(try nginx.client.post(.download, Endpoint.download.goodBody).status == 200)
            let room = try ChildProcess.run("mount", ["-o", "remount,size=16m", disk.path])
            #expect(room.code == 0)
            #expect(try nginx.client.post(.download, large).status == 200)
            #expect(process.child.isRunning)
        }

        @Test func `Outages of Ozon and R2 are reported, leave nothing behind and are recovered from`()
            throws
        {
            let nginx = try NginxInstance()
            let storage = try ReverseProxy.toStorage()
            let ozon = try ReverseProxy(to: try sandbox().ozonPort)
            let timeout = runsLongTests ? 20 : 6
            let process = try nginx.start(
                .download, ["OZON_API_URL": ozon.url, "OZON_TIMEOUT": "\(timeout)", "OZON_MAX_RETRIES": "0"]
            ).warmedUp()
            let create = try nginx.start(.create, ["R2_ENDPOINT_URL": storage.url]).warmedUp()
            let descriptors = process.openDescriptors
            ozon.suspend()
            let body = Array(Endpoint.download.goodBody.utf8)
            let open = try (0..<100).map { _ in try nginx.client.open(.download, body) }
            let elapsed = try elapsedSeconds {
                for connection in open { expect(try HTTPResponse(try connection.readToEnd()), .ozonTimeout) }
            }
            #expect(elapsed < Double(timeout) + 10, "within the budget, not one after another")
            ozon.resume()
            try recovers(process, nginx.client)
            try eventually("their descriptors are closed") { process.openDescriptors < descriptors + 40 }
            try storage.end()
            let rejected = try nginx.client.post(.create, Endpoint.create.goodBody)
            expect(rejected, .storageUnavailable)
            #expect(rejected.json["detail"].string?.isEmpty == false)
            #expect(create.child.isRunning)
            let back = try ReverseProxy(to: try sandbox().s3Port, port: storage.port)
            try recovers(create, nginx.client)
            #expect(back.port == storage.port)
        }

        @Test(.enabled(if: isRoot, "a mount namespace needs root"))
        func `Without DNS requests fail within their budget on few threads, and recover afterwards`()
            throws
        {
            let nginx = try NginxInstance()
            let files = try TemporaryDirectory()
            // The name server is a socket that nothing reads.
            try files.write("resolv.conf", "nameserver 127.0.0.53\noptions timeout:7 attempts:2\n")
            try files.write("nsswitch.conf", "hosts: files dns\n")
            try files.write("hosts", "127.0.0.1 localhost\n")
            let mounts = ["resolv.conf", "nsswitch.conf", "hosts"].map {
                "mount --bind '\(files.file($0))' /etc/\($0)"
            }
            let launcher = ["unshare", "-m", "sh", "-c", (mounts + ["exec \"$@\""]).joined(separator: " && "), "sh"]
            let silent = try BoundSocket(SocketAddress(host: 0x7F00_0035, port: 53), SOCK_DGRAM)
            let process = try EndpointProcess(
                .download,
                [
                    "OZON_API_URL": "https://ozon-api.example:\(try closedPort())", "OZON_TIMEOUT": "2",
                    "OZON_MAX_RETRIES": "0",
                ], socket: nginx.socketPath(.download), launcher: launcher)
            let body = Array(Endpoint.download.goodBody.utf8)
            var threads = 0
            let elapsed = try elapsedSeconds {
                let open = try (0..<50).map { _ in try nginx.client.open(.download, body) }
                try eventually("a name is looked up") { silent.isReadable() }
                threads = process.child.statusLine("Threads") ?? .max
                for connection in open {
                    let response = try HTTPResponse(try connection.readToEnd())
                    #expect(
                        ["OZON_UNAVAILABLE", "OZON_TIMEOUT"].contains(response.json["code"].string), "\(response.text)")
                    #expect([502, 504].contains(response.status))
                }
            }
            #expect(elapsed < 12, "no request waits for a lookup, which takes 14 s")
            #expect(threads < 64, "concurrent lookups of a name share a thread")
            #expect(process.child.isRunning)
            // The mount has the file's inode, so the file is written in place.
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: files.file("hosts")))
            file.seekToEndOfFile()
            file.write(Data("127.0.0.1 ozon-api.example\n".utf8))
            // The name is found, and then the connection is refused, for which libcurl has another message.
            try eventually("the name is found") {
                try nginx.client.post(.download, Endpoint.download.goodBody).json["detail"].string?
                    .lowercased().contains("connect to server") == true
            }
        }

        @Test(
            .enabled(if: Faketime.library != nil, "needs libfaketime (Debian's faketime)"), arguments: ["+20m", "-20m"])
        func `A wrong clock is reported with R2's error code, in responses and in the log`(_ offset: String)
            throws
        {
            let wrong = ["LD_PRELOAD": Faketime.library!, "FAKETIME": offset, "DONT_FAKE_MONOTONIC": "1"]
            let create = try EndpointProcess(.create, wrong)
            Faketime.removeFiles(of: create)
            let rejected = try create.post(Endpoint.create.goodBody)
            expect(rejected, .storageRefused)
            #expect(rejected.json["detail"].string == "RequestTimeTooSkewed")
            #expect(try create.messages("request").last?["detail"].string == "RequestTimeTooSkewed")
            let fixture = try CopyFixture(wrong)
            Faketime.removeFiles(of: fixture.process)
            let item = try fixture.copy(["2194435302"]).json["data"]["items"][0]
            #expect(item["errors"][0]["detail"].string == "RequestTimeTooSkewed")
        }
    }
}

/// Debian's libfaketime, if it is installed.
private enum Faketime {
    static let library = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketime.so.1" }
        .first { FileManager.default.fileExists(atPath: $0) }

    /// Removes what it creates for a process. It opens the files when the process starts, and would remove them itself
    /// in exit(3) only.
    static func removeFiles(of process: EndpointProcess) {
        for name in ["faketime_shm_", "sem.faketime_sem_"] { unlink("/dev/shm/\(name)\(process.child.pid)") }
    }
}

extension EndpointProcess {
    /// Changes a resource limit of the running process; nil: unlimited.
    fileprivate func limit(_ name: String, _ value: Int?) throws {
        let changed = try ChildProcess.run(
            "prlimit", ["--pid", "\(child.pid)", "--\(name)=\(value.map(String.init) ?? "unlimited"):"])
        try #require(changed.code == 0, "\(changed.errors)")
    }
}
