import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Responses of R2 that no S3 server produces on demand: R2 is a server that plays a script.
    @Suite struct MultipartFaults {
        private let partSize = 5 << 20
        private let part: [String: Any] = ["upload_id": "x", "size": 5 << 20]
        private let calls: [(endpoint: Endpoint, members: [String: Any])] = [
            (.create, ["size": 1]), (.resume, ["upload_id": "x", "size": 1]),
            (.complete, ["upload_id": "x", "size": 1]),
            (.abort, ["upload_id": "x"]),
        ]

        private func requests(_ upload: MultipartUpload, _ count: Int) async throws -> [String] {
            var requests: [String] = []
            for await case .request(_, let text) in try #require(upload.server).events {
                requests.append(text)
                if requests.count == count { break }
            }
            return requests
        }

        @Test func `All pages of 1500 parts are read, and the next hundred parts are signed`() async throws {
            let upload = try MultipartUpload.scripted(
                .resume,
                [.receive, R2Response.parts(1...1000, next: 1000), .receive, R2Response.parts(1001...1500)],
                settings: ["MAX_UPLOAD_BYTES": "10000000000"])
            let data = try upload.call(.resume, ["upload_id": "x", "size": 1601 * partSize])
            #expect(data["restarted"].bool == false)
            #expect(data["uploaded"].list.map { $0["part_number"].int } == (1...1500).map { $0 })
            #expect(data["missing"].list.map { $0["part_number"].int } == (1501...1600).map { $0 })
            let markers = try await requests(upload, 2).map { $0.firstMatch(of: /part-number-marker=(\d+)/)?.1 }
            #expect(markers == ["0", "1000"])
        }

        @Test func `A list of parts that repeats its marker fails the request`() throws {
            let page = R2Response.parts(1...2, next: 2)
            let upload = try MultipartUpload.scripted(.resume, [.receive, page, .receive, page, .receive, page])
            expect(try upload.post(.resume, ["upload_id": "x", "size": 9 * partSize]), .storageUnavailable)
        }

        @Test func `An Error element in a 200 response is an error`() throws {
            let parts = [Step.receive, R2Response.parts(1...1)]
            func late(_ code: String) -> String { "\n  \n<Error><Code>\(code)</Code><Message>Late.</Message></Error>" }
            for declaration in [R2Response.declaration, ""] {
                for code in ["InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout"] {
                    let no = [Step.receive, R2Response.send("200 OK", declaration + late(code))]
                    let response = try MultipartUpload.scripted(.complete, parts + no + no + no).post(.complete, part)
                    expect(response, .storageUnavailable)
                    #expect(response.json["detail"].string == code)
                }
                let no = [Step.receive, R2Response.send("200 OK", declaration + late("AccessDenied"))]
                expect(
                    try MultipartUpload.scripted(.complete, parts + no, [.reset]).post(.complete, part), .storageRefused
                )
            }
            let no = [Step.receive, R2Response.send("200 OK", late("InternalError"))]
            let yes = [
                Step.receive, R2Response.completed(R2Response.oneEmptyPart), .receive,
                R2Response.object(partSize, R2Response.oneEmptyPart),
            ]
            #expect(
                try MultipartUpload.scripted(.complete, parts + no + yes).call(.complete, part)["size"].int == partSize)
        }

        @Test func `R2's errors are classified by code before status`() throws {
            let no = [Step.receive, R2Response.error("400 Bad Request", "RequestTimeout")]
            let yes = [Step.receive, R2Response.send("204 No Content", length: 0)]
            #expect(
                try MultipartUpload.scripted(.abort, no + no + yes).call(.abort, ["upload_id": "x"]).description == "{}"
            )
            expect(
                try MultipartUpload.scripted(.abort, no + no + no, [.reset]).post(.abort, ["upload_id": "x"]),
                .storageUnavailable)
            let denied = [Step.receive, R2Response.error("500 Internal Server Error", "AccessDenied")]
            expect(
                try MultipartUpload.scripted(.abort, denied, [.reset]).post(.abort, ["upload_id": "x"]), .storageRefused
            )
        }

        @Test func `A list with numbers or sizes out of range is unusable`() throws {
            func list(_ number: String, _ size: String) -> Step {
                let etag = "<ETag>\(R2Response.emptyMD5)</ETag>"
                let part = "<Part><PartNumber>\(number)</PartNumber>\(etag)<Size>\(size)</Size></Part>"
                return R2Response.send(
                    "200 OK", "<ListPartsResult><IsTruncated>false</IsTruncated>\(part)\(part)</ListPartsResult>")
            }
            let max = "9223372036854775807"
            for endpoint in [Endpoint.complete, .resume] {
                for (number, size) in [
                    ("1", max), ("30000000", "1"), ("10001", "1"), ("0", "1"), ("1", "-1"), (max, max),
                ] {
                    let process = try MultipartUpload.scripted(endpoint, [.receive, list(number, size)])
                    let elapsed = try elapsedSeconds {
                        expect(try process.post(endpoint, part), .storageUnavailable, "\(endpoint) \(number) \(size)")
                    }
                    #expect(elapsed < 15)
                    expect(try process.post(endpoint, part), .storageUnavailable)
                }
            }
        }

        @Test func `The errors of ten thousand parts make one small response`() throws {
            let pages = (0..<10).flatMap { page in
                let numbers = (page * 1000 + 1)...(page * 1000 + 1000)
                return [
                    Step.receive,
                    R2Response.parts(numbers, of: page == 0 ? 5 << 20 : 1, next: page == 9 ? nil : numbers.upperBound),
                ]
            }
            let response = try MultipartUpload.scripted(.complete, pages).post(.complete, ["upload_id": "x"])
            expect(response, .validationFailed)
            #expect(response.json["errors"].list.count == 100 && response.json["errors_omitted"].int == 8899)
            #expect(response.body.count < 20_000)
        }

        @Test func `If the response to complete is lost, the object's ETag decides`() throws {
            let upload = try MultipartUpload.scripted(
                .complete, [.receive, R2Response.parts(1...1), .receive, .reset],
                [
                    .receive, R2Response.error("404 Not Found", "NoSuchUpload"), .receive,
                    R2Response.object(partSize, R2Response.oneEmptyPart),
                ])
            let data = try upload.call(.complete, part)
            #expect(data["size"].int == partSize)
            #expect(data["etag"].string == R2Response.oneEmptyPart)
        }

        @Test func `complete of an unknown upload succeeds if the object has the expected ETag`() throws {
            let gone = [Step.receive, R2Response.error("404 Not Found", "NoSuchUpload"), .receive]
            func complete(_ members: [String: Any], _ object: Step) throws -> HTTPResponse {
                try MultipartUpload.scripted(.complete, gone + [object])
                    .post(.complete, members.merging(["upload_id": "x"]) { $1 })
            }
            func parts(_ etag: String) -> [[String: Any]] { [["part_number": 1, "etag": etag]] }
            let matching = R2Response.object(7, R2Response.oneEmptyPart)
            let same: [[String: Any]] = [
                ["size": 7], ["parts": parts(R2Response.emptyMD5)], ["size": 7, "parts": parts(R2Response.emptyMD5)],
            ]
            for members in same { #expect(try complete(members, matching).json["data"]["size"].int == 7) }
            // ETags of other uploads: of one piece, or of other parts.
            for etag in [R2Response.emptyMD5, "abc", R2Response.emptyMD5 + "-0", R2Response.emptyMD5 + "-x"] {
                for members in same {
                    expect(try complete(members, R2Response.object(7, etag)), .uploadNotFound, "\(members) \(etag)")
                }
            }
            let others = R2Response.object(7, R2Response.emptyMD5 + "-2")
            #expect(try complete(["size": 7], others).json["data"]["size"].int == 7)
            expect(try complete(["size": 7, "parts": parts(R2Response.emptyMD5)], others), .uploadNotFound)
            expect(try complete(["size": 7, "parts": parts("ab")], R2Response.object(7, "ab-1")), .uploadNotFound)
            let other = parts(String(R2Response.emptyMD5.reversed()))
            for members in [[:], ["size": 8], ["parts": other], ["size": 7, "parts": other]] as [[String: Any]] {
                expect(try complete(members, matching), .uploadNotFound, "\(members)")
            }
            expect(try complete(["size": 7], R2Response.send("404 Not Found")), .uploadNotFound)
        }

        @Test func `An upload that disappears during complete is not confirmed by a different object`()
            throws
        {
            for object in [
                R2Response.object(partSize, R2Response.emptyMD5),
                R2Response.object(partSize, R2Response.emptyMD5 + "-1"),
            ] {
                let upload = try MultipartUpload.scripted(
                    .complete,
                    [
                        .receive, R2Response.parts(1...1), .receive, R2Response.error("404 Not Found", "NoSuchUpload"),
                        .receive, object,
                    ])
                expect(try upload.post(.complete, part), .uploadNotFound)
            }
        }

        @Test func `A required type is also required to restart an upload`() throws {
            let strict = ["R2_REQUIRE_TYPE": "true"]
            let gone = [Step.receive, R2Response.error("404 Not Found", "NoSuchUpload")]
            let rejected = try MultipartUpload.scripted(.resume, gone, settings: strict).post(
                .resume, ["upload_id": "x", "size": 1])
            expect(rejected, .validationFailed)
            #expect(fieldErrors(rejected) == ["content_type: Field required"])
            let id = "<InitiateMultipartUploadResult><UploadId>y</UploadId></InitiateMultipartUploadResult>"
            let upload = try MultipartUpload.scripted(
                .resume, gone + [.receive, R2Response.send("200 OK", id)], settings: strict)
            let data = try upload.call(.resume, ["upload_id": "a b+/=é", "size": 1, "content_type": "image/jpg"])
            #expect(data["restarted"].bool == true && data["upload_id"].string == "y")
            let started = try #require(upload.server?.requests.last)
            #expect(started.lowercased().contains("\r\ncontent-type: image/jpeg\r\n"))
        }

        @Test func `complete sends the parts as XML in order, with R2's ETags`() async throws {
            let upper = R2Response.emptyMD5.uppercased()
            let upload = try MultipartUpload.scripted(
                .complete,
                [
                    .receive, R2Response.parts(1...1), .receive, R2Response.completed(R2Response.oneEmptyPart),
                    .receive,
                    R2Response.object(partSize, R2Response.oneEmptyPart),
                ])
            let claimed = [["part_number": 1, "etag": "\"\(upper)\""] as [String: Any]]
            _ = try upload.call(.complete, part.merging(["parts": claimed]) { $1 })
            let sent = try await requests(upload, 3)
            #expect(sent.map { $0.prefix { $0 != " " } } == ["GET", "POST", "HEAD"])
            #expect(sent.allSatisfy { $0.lowercased().contains("\r\nx-amz-content-sha256: unsigned-payload\r\n") })
            let xml =
                "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<Part><PartNumber>1</PartNumber>"
                + "<ETag>\"\(R2Response.emptyMD5)\"</ETag></Part></CompleteMultipartUpload>"
            #expect(sent[1].hasSuffix("\r\n\r\n\(xml)"))
            #expect(sent[1].contains("\r\nContent-Length: \(xml.utf8.count)\r\n"))
            #expect(sent[1].hasPrefix("POST /images/\(upload.path)?uploadId=x HTTP/1.1\r\n"))
        }

        @Test(arguments: [(5 << 20 + 1, R2Response.oneEmptyPart), (5 << 20, R2Response.emptyMD5 + "-1")])
        func `An object that differs from the completed one is an error`(_ size: Int, _ etag: String) throws {
            let upload = try MultipartUpload.scripted(
                .complete,
                [
                    .receive, R2Response.parts(1...1), .receive, R2Response.completed(etag), .receive,
                    R2Response.object(size, etag),
                ])
            expect(try upload.post(.complete, part), .storageRefused)
        }

        @Test func `R2's rejections are reported with their codes and not retried`() throws {
            let rejections = [
                ("403 Forbidden", "SignatureDoesNotMatch"), ("403 Forbidden", "AccessDenied"),
                ("400 Bad Request", "InvalidArgument"), ("404 Not Found", "NoSuchBucket"),
            ]
            for (endpoint, members) in calls {
                for (status, code) in rejections {
                    let upload = try MultipartUpload.scripted(
                        endpoint, [.receive, R2Response.error(status, code)], [.reset])
                    let response = try upload.post(endpoint, members)
                    expect(response, .storageRefused, "\(endpoint) \(code)")
                    #expect(response.json["detail"].string == code)
                }
            }
        }

        @Test func `Transient errors are retried, with three attempts at most`() throws {
            for weak in [
                ("429 Too Many Requests", "TooManyRequests"), ("503 Service Unavailable", "ServiceUnavailable"),
            ] {
                let no = [Step.receive, R2Response.error(weak.0, weak.1)]
                let yes = [Step.receive, R2Response.send("204 No Content", length: 0)]
                #expect(
                    try MultipartUpload.scripted(.abort, no + no + yes).call(.abort, ["upload_id": "x"]).description
                        == "{}")
                let response = try MultipartUpload.scripted(.abort, no + no + no + yes).post(.abort, ["upload_id": "x"])
                expect(response, .storageUnavailable)
                #expect(response.json["detail"].string == weak.1)
            }
        }

        @Test func `Malformed responses are STORAGE_UNAVAILABLE`() throws {
            for text in ["", "<", "{}", "<a>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a></b>", "<a/><b/>"] {
                for (endpoint, members) in calls where endpoint != .abort {
                    let response = try MultipartUpload.scripted(endpoint, [.receive, R2Response.send("200 OK", text)])
                        .post(
                            endpoint, members)
                    expect(response, .storageUnavailable, "\(endpoint) \(text)")
                }
            }
        }

        /// Runs each call on a process of its own, all at once.
        private func failAll(_ r2: String, _ failure: ExpectedError) throws {
            let processes = try calls.map { try EndpointProcess($0.endpoint, ["R2_ENDPOINT_URL": r2]) }
            let waiting = try zip(processes, calls).map { process, call in
                let connection = try process.connect(timeout: 50)
                let body = jsonText(call.members.merging(["r2_path": "users/u/a"]) { $1 })
                try connection.socket.send(FastCGIConnection.request(Array(body.utf8), key: try sandbox().key))
                return connection
            }
            for connection in waiting { expect(try connection.response(), failure) }
            for process in processes { #expect(process.child.isRunning) }
        }

        @Test func `An unreachable R2 is 502`() throws {
            try failAll("http://127.0.0.1:\(try closedPort())", .storageUnavailable)
        }

        @Test(.enabled(if: runsLongTests, "three attempts of ten seconds each"))
        func `An R2 that does not respond is 504`() throws {
            let server = try ScriptedServer([.stall])
            try failAll(server.url, .storageTimeout)
            withExtendedLifetime(server) {}
        }
    }
}
