import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What R2 may answer and no S3 server here does: R2 is a script.
    @Suite struct MultipartFaults {
        private let partSize = 5 << 20
        private let part: [String: Any] = ["upload_id": "x", "size": 5 << 20]
        private let calls: [(endpoint: Endpoint, members: [String: Any])] = [
            (.create, ["size": 1]), (.resume, ["upload_id": "x", "size": 1]),
            (.complete, ["upload_id": "x", "size": 1]),
            (.abort, ["upload_id": "x"]),
        ]

        private func requests(_ uploads: Uploads, _ count: Int) async throws -> [String] {
            var requests: [String] = []
            for await case .request(_, let text) in try #require(uploads.server).events {
                requests.append(text)
                if requests.count == count { break }
            }
            return requests
        }

        @Test func `All pages of 1,500 parts are read, and the next hundred are signed`() async throws {
            let uploads = try scripted(
                .resume,
                [.receive, R2Answer.parts(1...1000, next: 1000), .receive, R2Answer.parts(1001...1500)],
                settings: ["MAX_UPLOAD_BYTES": "10000000000"])
            let data = try uploads.call(.resume, ["upload_id": "x", "size": 1601 * partSize])
            #expect(data["restarted"].bool == false)
            #expect(data["uploaded"].list.map { $0["part_number"].int } == (1...1500).map { $0 })
            #expect(data["missing"].list.map { $0["part_number"].int } == (1501...1600).map { $0 })
            let markers = try await requests(uploads, 2).map { $0.firstMatch(of: /part-number-marker=(\d+)/)?.1 }
            #expect(markers == ["0", "1000"])
        }

        @Test func `A page that leads nowhere ends the call`() throws {
            let page = R2Answer.parts(1...2, next: 2)
            let uploads = try scripted(.resume, [.receive, page, .receive, page, .receive, page])
            expect(try uploads.post(.resume, ["upload_id": "x", "size": 9 * partSize]), .storageUnavailable)
        }

        @Test func `An Error inside a 200 is an error`() throws {
            let parts = [Step.receive, R2Answer.parts(1...1)]
            func late(_ code: String) -> String { "\n  \n<Error><Code>\(code)</Code><Message>Late.</Message></Error>" }
            for declaration in [R2Answer.declaration, ""] {
                for code in ["InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout"] {
                    let no = [Step.receive, R2Answer.send("200 OK", declaration + late(code))]
                    let answer = try scripted(.complete, parts + no + no + no).post(.complete, part)
                    expect(answer, .storageUnavailable)
                    #expect(answer.json["detail"].string == code)
                }
                let no = [Step.receive, R2Answer.send("200 OK", declaration + late("AccessDenied"))]
                expect(try scripted(.complete, parts + no, [.reset]).post(.complete, part), .storageRefused)
            }
            let no = [Step.receive, R2Answer.send("200 OK", late("InternalError"))]
            let yes = [
                Step.receive, R2Answer.completed(R2Answer.oneEmptyPart), .receive,
                R2Answer.object(partSize, R2Answer.oneEmptyPart),
            ]
            #expect(try scripted(.complete, parts + no + yes).call(.complete, part)["size"].int == partSize)
        }

        @Test func `R2's errors are judged by their codes before their statuses`() throws {
            let no = [Step.receive, R2Answer.error("400 Bad Request", "RequestTimeout")]
            let yes = [Step.receive, R2Answer.send("204 No Content", length: 0)]
            #expect(try scripted(.abort, no + no + yes).call(.abort, ["upload_id": "x"]).description == "{}")
            expect(try scripted(.abort, no + no + no, [.reset]).post(.abort, ["upload_id": "x"]), .storageUnavailable)
            let denied = [Step.receive, R2Answer.error("500 Internal Server Error", "AccessDenied")]
            expect(try scripted(.abort, denied, [.reset]).post(.abort, ["upload_id": "x"]), .storageRefused)
        }

        @Test func `A list of parts out of range is unusable, and the process lives`() throws {
            func list(_ number: String, _ size: String) -> Step {
                let part =
                    "<Part><PartNumber>\(number)</PartNumber><ETag>\(R2Answer.emptyMD5)</ETag><Size>\(size)</Size></Part>"
                return R2Answer.send(
                    "200 OK", "<ListPartsResult><IsTruncated>false</IsTruncated>\(part)\(part)</ListPartsResult>")
            }
            let max = "9223372036854775807"
            for endpoint in [Endpoint.complete, .resume] {
                for (number, size) in [
                    ("1", max), ("30000000", "1"), ("10001", "1"), ("0", "1"), ("1", "-1"), (max, max),
                ] {
                    let handler = try scripted(endpoint, [.receive, list(number, size)])
                    let passed = try seconds {
                        expect(try handler.post(endpoint, part), .storageUnavailable, "\(endpoint) \(number) \(size)")
                    }
                    #expect(passed < 5)
                    expect(try handler.post(endpoint, part), .storageUnavailable)
                }
            }
        }

        @Test func `The faults of ten thousand parts are one small answer`() throws {
            let pages = (0..<10).flatMap { page in
                let numbers = (page * 1000 + 1)...(page * 1000 + 1000)
                return [
                    Step.receive,
                    R2Answer.parts(numbers, of: page == 0 ? 5 << 20 : 1, next: page == 9 ? nil : numbers.upperBound),
                ]
            }
            let answer = try scripted(.complete, pages).post(.complete, ["upload_id": "x"])
            expect(answer, .validationFailed)
            #expect(answer.json["errors"].list.count == 100 && answer.json["errors_omitted"].int == 8899)
            #expect(answer.body.count < 20_000)
        }

        @Test func `An answer to complete that is lost is found out from the object`() throws {
            let uploads = try scripted(
                .complete, [.receive, R2Answer.parts(1...1), .receive, .reset],
                [
                    .receive, R2Answer.error("404 Not Found", "NoSuchUpload"), .receive,
                    R2Answer.object(partSize, R2Answer.oneEmptyPart),
                ])
            let data = try uploads.call(.complete, part)
            #expect(data["size"].int == partSize)
            #expect(data["etag"].string == R2Answer.oneEmptyPart)
        }

        @Test func `complete of an upload that R2 no longer knows succeeds if the object is what it was to be`() throws
        {
            let gone = [Step.receive, R2Answer.error("404 Not Found", "NoSuchUpload"), .receive]
            func complete(_ members: [String: Any], _ object: Step) throws -> HTTPAnswer {
                try scripted(.complete, gone + [object])
                    .post(.complete, members.merging(["upload_id": "x"]) { $1 })
            }
            func parts(_ etag: String) -> [[String: Any]] { [["part_number": 1, "etag": etag]] }
            let stands = R2Answer.object(7, R2Answer.oneEmptyPart)
            let same: [[String: Any]] = [
                ["size": 7], ["parts": parts(R2Answer.emptyMD5)], ["size": 7, "parts": parts(R2Answer.emptyMD5)],
            ]
            for members in same { #expect(try complete(members, stands).json["data"]["size"].int == 7) }
            // Of another upload: put in one piece, or made of other parts.
            for etag in [R2Answer.emptyMD5, "abc", R2Answer.emptyMD5 + "-0", R2Answer.emptyMD5 + "-x"] {
                for members in same {
                    expect(try complete(members, R2Answer.object(7, etag)), .uploadNotFound, "\(members) \(etag)")
                }
            }
            let others = R2Answer.object(7, R2Answer.emptyMD5 + "-2")
            #expect(try complete(["size": 7], others).json["data"]["size"].int == 7)
            expect(try complete(["size": 7, "parts": parts(R2Answer.emptyMD5)], others), .uploadNotFound)
            expect(try complete(["size": 7, "parts": parts("ab")], R2Answer.object(7, "ab-1")), .uploadNotFound)
            let other = parts(String(R2Answer.emptyMD5.reversed()))
            for members in [[:], ["size": 8], ["parts": other], ["size": 7, "parts": other]] as [[String: Any]] {
                expect(try complete(members, stands), .uploadNotFound, "\(members)")
            }
            expect(try complete(["size": 7], R2Answer.send("404 Not Found")), .uploadNotFound)
        }

        @Test func `An upload that vanishes while it is completed is no success because another object is there`()
            throws
        {
            for object in [
                R2Answer.object(partSize, R2Answer.emptyMD5), R2Answer.object(partSize, R2Answer.emptyMD5 + "-1"),
            ] {
                let uploads = try scripted(
                    .complete,
                    [
                        .receive, R2Answer.parts(1...1), .receive, R2Answer.error("404 Not Found", "NoSuchUpload"),
                        .receive, object,
                    ])
                expect(try uploads.post(.complete, part), .uploadNotFound)
            }
        }

        @Test func `A type that is required is required to begin anew too`() throws {
            let strict = ["R2_REQUIRE_TYPE": "true"]
            let gone = [Step.receive, R2Answer.error("404 Not Found", "NoSuchUpload")]
            let refused = try scripted(.resume, gone, settings: strict).post(.resume, ["upload_id": "x", "size": 1])
            expect(refused, .validationFailed)
            #expect(faults(refused) == ["content_type: Field required"])
            let id = "<InitiateMultipartUploadResult><UploadId>y</UploadId></InitiateMultipartUploadResult>"
            let uploads = try scripted(.resume, gone + [.receive, R2Answer.send("200 OK", id)], settings: strict)
            let data = try uploads.call(.resume, ["upload_id": "a b+/=é", "size": 1, "content_type": "image/jpg"])
            #expect(data["restarted"].bool == true && data["upload_id"].string == "y")
            let begun = try #require(uploads.server?.requests.last)
            #expect(begun.lowercased().contains("\r\ncontent-type: image/jpeg\r\n"))
        }

        @Test func `complete names the parts in R2's XML, in order, with R2's own ETags`() async throws {
            let upper = R2Answer.emptyMD5.uppercased()
            let uploads = try scripted(
                .complete,
                [
                    .receive, R2Answer.parts(1...1), .receive, R2Answer.completed(R2Answer.oneEmptyPart), .receive,
                    R2Answer.object(partSize, R2Answer.oneEmptyPart),
                ])
            let claimed = [["part_number": 1, "etag": "\"\(upper)\""] as [String: Any]]
            _ = try uploads.call(.complete, part.merging(["parts": claimed]) { $1 })
            let sent = try await requests(uploads, 3)
            #expect(sent.map { $0.prefix { $0 != " " } } == ["GET", "POST", "HEAD"])
            #expect(sent.allSatisfy { $0.lowercased().contains("\r\nx-amz-content-sha256: unsigned-payload\r\n") })
            let xml =
                "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber>"
                + "<ETag>\"\(R2Answer.emptyMD5)\"</ETag></Part></CompleteMultipartUpload>"
            #expect(sent[1].hasSuffix("\r\n\r\n\(xml)"))
            #expect(sent[1].contains("\r\nContent-Length: \(xml.utf8.count)\r\n"))
            #expect(sent[1].hasPrefix("POST /images/\(uploads.path)?uploadId=x HTTP/1.1\r\n"))
        }

        @Test(arguments: [(5 << 20 + 1, R2Answer.oneEmptyPart), (5 << 20, R2Answer.emptyMD5 + "-1")])
        func `An object that isn't what was completed is no success`(_ size: Int, _ etag: String) throws {
            let uploads = try scripted(
                .complete,
                [
                    .receive, R2Answer.parts(1...1), .receive, R2Answer.completed(etag), .receive,
                    R2Answer.object(size, etag),
                ])
            expect(try uploads.post(.complete, part), .storageRefused)
        }

        @Test func `R2's refusals are told by their codes, and not repeated`() throws {
            let refusals = [
                ("403 Forbidden", "SignatureDoesNotMatch"), ("403 Forbidden", "AccessDenied"),
                ("400 Bad Request", "InvalidArgument"), ("404 Not Found", "NoSuchBucket"),
            ]
            for (endpoint, members) in calls {
                for (status, code) in refusals {
                    let uploads = try scripted(endpoint, [.receive, R2Answer.error(status, code)], [.reset])
                    let answer = try uploads.post(endpoint, members)
                    expect(answer, .storageRefused, "\(endpoint) \(code)")
                    #expect(answer.json["detail"].string == code)
                }
            }
        }

        @Test func `Moments of weakness are repeated, three times at most`() throws {
            for weak in [
                ("429 Too Many Requests", "TooManyRequests"), ("503 Service Unavailable", "ServiceUnavailable"),
            ] {
                let no = [Step.receive, R2Answer.error(weak.0, weak.1)]
                let yes = [Step.receive, R2Answer.send("204 No Content", length: 0)]
                #expect(try scripted(.abort, no + no + yes).call(.abort, ["upload_id": "x"]).description == "{}")
                let answer = try scripted(.abort, no + no + no + yes).post(.abort, ["upload_id": "x"])
                expect(answer, .storageUnavailable)
                #expect(answer.json["detail"].string == weak.1)
            }
        }

        @Test func `Answers that can't be read are STORAGE_UNAVAILABLE`() throws {
            for text in ["", "<", "{}", "<a>", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a></b>", "<a/><b/>"] {
                for (endpoint, members) in calls where endpoint != .abort {
                    let answer = try scripted(endpoint, [.receive, R2Answer.send("200 OK", text)]).post(
                        endpoint, members)
                    expect(answer, .storageUnavailable, "\(endpoint) \(text)")
                }
            }
        }

        /// Each call of a handler of its own, all at once.
        private func failAll(_ r2: String, _ failure: Failure) throws {
            let handlers = try calls.map { try Handler($0.endpoint, ["R2_ENDPOINT_URL": r2]) }
            let waiting = try zip(handlers, calls).map { handler, call in
                let wire = try handler.connect(patience: 50)
                let body = jsonText(call.members.merging(["r2_path": "users/u/a"]) { $1 })
                try wire.wire.send(FastCGIWire.request(Array(body.utf8), key: try sandbox().key))
                return wire
            }
            for wire in waiting { expect(try wire.answer(), failure) }
            for handler in handlers { #expect(handler.program.isRunning) }
        }

        @Test func `R2 that can't be reached is 502`() throws {
            try failAll("http://127.0.0.1:\(try closedPort())", .storageUnavailable)
        }

        @Test(.enabled(if: isLong, "three attempts of ten seconds each"))
        func `R2 that stays silent is 504`() throws {
            try failAll(try ScriptedServer(scripts: [[.stall]]).url, .storageTimeout)
        }
    }
}
