import Encoding
import Foundation
import R2
import SigV4
import Testing

/// Compares every request of a multipart upload with botocore byte for byte. Upload IDs have up to 500 characters,
/// including `+`, `/` and `=`.
@Suite struct MultipartRequestsTests {
    struct Line: Decodable {
        let seconds: Int
        let key: String
        let method: String
        let parameters: [[String]]
        let headers: [[String]]
        let expires: Int
        let url: String
        let authorization: String
    }

    @Test func `Every request has botocore's URL and, if signed in a header, its Authorization`() throws {
        let lines = try botocore("multipart_requests.py")
        let bucket = try bucket(lines[0])
        let presigner = Presigner(bucket)
        let signer = RequestSigner(bucket)
        var presigned = 0
        for line in lines.dropFirst() {
            let expected = try JSONDecoder().decode(Line.self, from: line)
            let key = try AllowedPrefixes.all.key(expected.key)
            let time = UTCTime(seconds: expected.seconds)
            let parameters = expected.parameters.map { (name: $0[0], value: $0[1]) }
            if expected.authorization.isEmpty {
                presigned += 1
                let url = presigner.url(key, parameters: parameters, expiresIn: expected.expires, at: time)
                #expect(url == expected.url)
            } else {
                let headers = Headers(expected.headers.map { ($0[0], $0[1]) })
                let request = signer.request(expected.method, key, parameters: parameters, headers: headers, at: time)
                #expect(request.url == expected.url)
                let sent = Dictionary(
                    request.headers.lines.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
                #expect(sent["Authorization"] == expected.authorization)
                #expect(sent["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD")
                #expect(sent["x-amz-date"] == time.stamp)
                #expect(headers.lines.allSatisfy { sent[$0.name] == $0.value })
            }
        }
        #expect(presigned == 135)
        #expect(lines.count == 451)
    }
}
