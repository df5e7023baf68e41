import Foundation
import TestSupport
import Testing

/// The calls of one upload in parts, at one path that nothing else uses.
struct Uploads {
    let path: String
    /// In R2's place, if it is a script.
    var server: ScriptedServer?
    private let send: (Endpoint, String) throws -> HTTPAnswer

    /// - Parameter site: whose nginx; nil: the sandbox's.
    init(_ site: Site? = nil, path: String = "users/u/upload-\(nextClient()).bin") throws {
        self.path = path
        let site = try site ?? sandbox().site
        send = { try site.post($0, $1) }
    }

    /// One handler, without nginx.
    init(_ handler: Handler, path: String = "users/u/upload-\(nextClient()).bin") {
        self.path = path
        send = { _, body in try handler.connect(patience: 50).post(body) }
    }

    func post(_ endpoint: Endpoint, _ members: [String: Any]) throws -> HTTPAnswer {
        try send(endpoint, jsonText(members.merging(["r2_path": path]) { $1 }))
    }

    /// - Returns: `data` of an answer that succeeds.
    func call(
        _ endpoint: Endpoint, _ members: [String: Any], at location: SourceLocation = #_sourceLocation
    ) throws -> JSONValue {
        let answer = try post(endpoint, members)
        try #require(answer.status == 200, "\(endpoint): \(answer.text.prefix(500))", sourceLocation: location)
        #expect(answer.json["success"].bool == true, sourceLocation: location)
        return answer.json["data"]
    }

    func create(_ size: Int, _ more: [String: Any] = [:]) throws -> (id: String, data: JSONValue) {
        let data = try call(.create, more.merging(["size": size]) { $1 })
        return (try #require(data["upload_id"].string), data)
    }

    /// What the object's readers get.
    func published() throws -> HTTPAnswer {
        let escaped = path.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["/", "-", ".", "_"]))!
        return try EndToEndTests.send("GET", "\(sandbox().settings["R2_PUBLIC_BASE"]!)/\(escaped)")
    }
}

/// The path of an object of one byte that was made of parts, when it is first asked for.
let completed: String = {
    let path = "users/u/completed.bin"
    do {
        let uploads = try Uploads(path: path)
        let (id, data) = try uploads.create(1)
        try put(data["parts"][0], [1])
        _ = try uploads.call(.complete, ["upload_id": id, "size": 1])
    } catch {}
    return path
}()

/// PUTs a body to a part's URL, and answers its ETag as the server wrote it.
@discardableResult
func put(_ part: JSONValue, _ body: [UInt8]) throws -> String {
    let answer = try send("PUT", part["upload_url"].string ?? "", [], body)
    try #require(answer.status == 200, "\(answer.text.prefix(300))")
    return try #require(answer["ETag"])
}

func body(_ size: Int, _ seed: UInt8 = 0) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
        for index in 0..<size { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 ^ index >> 9) ^ seed }
        count = size
    }
}

/// Answers as R2 gives them, for a server that plays a script.
enum R2Answer {
    static func send(_ status: String, _ body: String = "", length: Int? = nil, etag: String? = nil) -> Step {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(length ?? body.utf8.count)", "CF-RAY: 8f0-FRA"]
        return .send((lines + (etag.map { ["ETag: \"\($0)\""] } ?? [])).joined(separator: "\r\n") + "\r\n\r\n\(body)")
    }

    static func error(_ status: String, _ code: String) -> Step {
        send(status, declaration + "<Error><Code>\(code)</Code><Message>Told by R2.</Message></Error>")
    }

    /// What HEAD answers.
    static func object(_ size: Int, _ etag: String) -> Step { send("200 OK", length: size, etag: etag) }

    static func parts(
        _ numbers: ClosedRange<Int>, of size: Int = 5 << 20, etag: String = emptyMD5, next: Int? = nil
    ) -> Step {
        let parts = numbers.map { number in
            "<Part><PartNumber>\(number)</PartNumber><ETag>&quot;\(etag)&quot;</ETag><Size>\(size)</Size></Part>"
        }
        let end = next.map { "<NextPartNumberMarker>\($0)</NextPartNumberMarker>" } ?? ""
        return send(
            "200 OK",
            declaration + "<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(end)"
                + "<IsTruncated>\(next != nil)</IsTruncated>\(parts.joined())</ListPartsResult>")
    }

    static func completed(_ etag: String) -> Step {
        send(
            "200 OK",
            declaration + "<CompleteMultipartUploadResult><ETag>\"\(etag)\"</ETag></CompleteMultipartUploadResult>")
    }

    static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    static let emptyMD5 = "d41d8cd98f00b204e9800998ecf8427e"
    /// Of one part with that MD5: md5 of its 16 bytes.
    static let oneEmptyPart = "59adb24ef3cdbe0297f05b395827453f-1"
}

typealias Step = ScriptedServer.Step

/// A handler whose R2 is a script: one for each connection, the last for all that follow.
func scripted(
    _ endpoint: Endpoint, _ scripts: [Step]..., settings: [String: String] = [:]
) throws -> Uploads {
    let server = try ScriptedServer(scripts: scripts)
    var uploads = Uploads(try Handler(endpoint, settings.merging(["R2_ENDPOINT_URL": server.url]) { $1 }))
    uploads.server = server
    return uploads
}
