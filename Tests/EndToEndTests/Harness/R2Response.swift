import TestSupport

typealias Step = ScriptedServer.Step

/// R2's responses, for a server that plays a script.
enum R2Response {
    static func send(_ status: String, _ body: String = "", length: Int? = nil, etag: String? = nil) -> Step {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(length ?? body.utf8.count)", "CF-RAY: 8f0-FRA"]
        return .send((lines + (etag.map { ["ETag: \"\($0)\""] } ?? [])).joined(separator: "\r\n") + "\r\n\r\n\(body)")
    }

    static func error(_ status: String, _ code: String) -> Step {
        send(status, declaration + "<Error><Code>\(code)</Code><Message>R2's message.</Message></Error>")
    }

    /// The response to HEAD.
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
    /// The ETag of an object with one empty part: the MD5 of the part's MD5.
    static let oneEmptyPart = "59adb24ef3cdbe0297f05b395827453f-1"
}
