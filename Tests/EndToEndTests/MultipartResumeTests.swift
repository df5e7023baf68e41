import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Uploads that are interrupted, removed or completed twice, on a real S3 server.
    @Suite struct MultipartResume {
        private let mebibyte = 1 << 20

        @Test func `A large file is intact after an interruption, a restart of the processes and a resumption`() throws
        {
            let size = (runsLongTests ? 200 : 60) * mebibyte + 12_345
            let directory = try TemporaryDirectory()
            let cut = "head -c \(size) /dev/urandom >file && split -b 5242880 -d -a 4 --numeric-suffixes=1 file part."
            #expect(try ChildProcess.run("bash", ["-c", "cd \(directory.path) && \(cut)"], within: 60).code == 0)
            let nginx = try NginxInstance()
            let endpoints: [Endpoint] = [.create, .parts, .resume, .complete]
            var processes = try endpoints.map { try nginx.start($0) }
            let upload = try MultipartUpload(nginx.client)
            let (id, created) = try upload.create(size)
            let count = try #require(created["part_count"].int)
            #expect(count == size / (5 * mebibyte) + 1)

            let some = created["parts"].list.prefix(count / 3)
            #expect(try transfer(Array(some), directory).wait(within: 120) == 0)
            // These are in progress when they are interrupted.
            let broken = try transfer(Array(created["parts"].list.dropFirst(some.count).prefix(4)), directory, "200k")
            try eventually("curl has started to send") { broken.bytesRead > mebibyte }
            broken.signal(SIGKILL)
            #expect(try broken.wait() == -SIGKILL)
            for process in processes { #expect(try process.stop() == 0) }
            processes = try endpoints.map { try nginx.start($0) }

            let resumed = try upload.call(.resume, ["upload_id": id, "size": size])
            #expect(resumed["restarted"].bool == false)
            #expect(resumed["upload_id"].string == id)
            let held = resumed["uploaded"].list
            #expect(held.map { $0["part_number"].int } == some.map { $0["part_number"].int })
            #expect(held.allSatisfy { $0["size"].int == 5 * mebibyte })
            #expect(resumed["missing"].list.compactMap { $0["part_number"].int } == Array(some.count + 1...count))
            #expect(resumed["missing"].list.last?["size"].int == size - (count - 1) * 5 * mebibyte)
            #expect(try transfer(resumed["missing"].list, directory).wait(within: 300) == 0)
            let done = try upload.call(.complete, ["upload_id": id, "size": size])
            #expect(done["size"].int == size)
            let read = try ChildProcess.run(
                "bash",
                [
                    "-c", "cd \"$1\" && curl -sSf -o read \"$2\" && sha256sum <file && sha256sum <read", "bash",
                    directory.path, done["public_url"].string!,
                ], within: 120)
            let sums = String(decoding: read.output, as: UTF8.self).split(separator: "\n")
            #expect(read.code == 0, "\(read.errors)")
            #expect(sums.count == 2 && sums.first == sums.last, "\(sums)")
            for process in processes { #expect(process.child.isRunning) }
        }

        /// Starts curl, which PUTs the parts in parallel.
        private func transfer(_ parts: [JSONValue], _ directory: TemporaryDirectory, _ rate: String? = nil) throws
            -> ChildProcess
        {
            let lines = parts.flatMap { part in
                let name = String(format: "part.%04d", part["part_number"].int ?? 0)
                return [
                    "url = \"\(part["upload_url"].string ?? "")\"", "upload-file = \"\(directory.file(name))\"",
                    "output = \"/dev/null\"",
                ]
            }
            let limit = rate.map { ["limit-rate = \($0)"] } ?? []
            try directory.write("curl", (limit + lines).joined(separator: "\n"))
            let arguments = ["-sSf", "--parallel", "--parallel-max", "4", "-K", directory.file("curl")]
            return try ChildProcess("curl", arguments, errors: directory.file("curl.log"))
        }

        @Test func `An upload that R2 no longer knows is restarted in the same call`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(6 * mebibyte)
            try put(data["parts"][0], body(5 * mebibyte))
            _ = try upload.call(.abort, ["upload_id": id])
            for gone in [id, "never-there", String(repeating: "aB+/=", count: 100)] {
                let resumed = try upload.call(
                    .resume, ["upload_id": gone, "size": 6 * mebibyte, "content_type": "image/webp"])
                #expect(resumed["restarted"].bool == true)
                #expect(resumed["uploaded"].list.isEmpty)
                #expect(resumed["missing"].list.count == 2)
                let new = try #require(resumed["upload_id"].string)
                #expect(new != gone)
                for (part, size) in zip(resumed["missing"].list, [5 * mebibyte, mebibyte]) { try put(part, body(size)) }
                #expect(
                    try upload.call(.complete, ["upload_id": new, "size": 6 * mebibyte])["size"].int == 6 * mebibyte)
                #expect(try upload.published()["Content-Type"] == "image/webp")
            }
        }

        @Test func `Parts that do not match the size restart the upload`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(12 * mebibyte, ["part_size": 6 * mebibyte])
            #expect(data["part_size"].int == 6 * mebibyte)
            try put(data["parts"][0], body(6 * mebibyte))
            let same: [String: Any] = ["upload_id": id, "size": 12 * mebibyte, "part_size": 6 * mebibyte]
            let resumed = try upload.call(.resume, same)
            #expect(resumed["restarted"].bool == false)
            #expect(resumed["uploaded"].list.map { $0["part_number"].int } == [1])
            for other in [12 * mebibyte, 5 * mebibyte] {
                let restarted = try upload.call(.resume, ["upload_id": id, "size": other])
                #expect(restarted["restarted"].bool == true, "\(other)")
                #expect(restarted["upload_id"].string != id)
                #expect(restarted["uploaded"].list.isEmpty)
                #expect(restarted["part_size"].int == 5 * mebibyte)
                #expect(restarted["part_count"].int == (other + 5 * mebibyte - 1) / (5 * mebibyte))
            }
        }

        @Test func `A repeated complete succeeds if the object has that size`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(1000)
            let etag = try put(data["parts"][0], body(1000))
            let first = try upload.call(.complete, ["upload_id": id, "size": 1000])
            #expect(try upload.call(.complete, ["upload_id": id, "size": 1000]).description == first.description)
            let claimed = [["part_number": 1, "etag": etag] as [String: Any]]
            #expect(try upload.call(.complete, ["upload_id": id, "parts": claimed]).description == first.description)
        }

        @Test func `abort is idempotent and removes the upload`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(1000)
            try put(data["parts"][0], body(1000))
            for _ in 0..<2 { #expect(try upload.call(.abort, ["upload_id": id]).description == "{}") }
            expect(try upload.post(.complete, ["upload_id": id, "size": 1000]), .uploadNotFound)
            #expect(try send("PUT", data["parts"][0]["upload_url"].string!, [], body(1000)).status == 404)
            #expect(try upload.published().status == 404)
        }

        @Test func `A part's URL is valid only for that part, upload and path`() throws {
            let upload = try MultipartUpload()
            let (id, data) = try upload.create(6 * mebibyte)
            let url = try #require(data["parts"][0]["upload_url"].string)
            let last = url.last!
            let changed = [
                "the signature": String(url.dropLast()) + (last == "0" ? "1" : "0"),
                "the part": url.replacingOccurrences(of: "partNumber=1", with: "partNumber=2"),
                "the upload": url.replacing(/uploadId=./, with: "uploadId=-"),
                "the path": url.replacingOccurrences(of: ".bin?", with: ".bim?"),
                "without the part": url.replacing(/partNumber=1&uploadId=[^&]+&/, with: ""),
                "a longer life": url.replacingOccurrences(of: "Expires=3600", with: "Expires=36000"),
            ]
            for (what, changed) in changed {
                #expect(changed != url, "\(what)")
                #expect(try send("PUT", changed, [], [1]).status == 403, "\(what)")
            }
            #expect(try send("DELETE", url).status == 403)
            #expect(try upload.call(.resume, ["upload_id": id, "size": 6 * mebibyte])["uploaded"].list.isEmpty)
            #expect(try send("PUT", url, [], [1]).status == 200, "as it was signed")
        }
    }
}
