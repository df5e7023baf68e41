import Encoding
import Foundation
import R2
import SigV4
import Testing

/// Every request of an upload in parts against botocore, byte for byte; upload ids of up to 500 characters with `+ / =`.
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
            let theirs = try JSONDecoder().decode(Line.self, from: line)
            let key = try AllowedPrefixes([]).key(theirs.key)
            let time = UTCTime(seconds: theirs.seconds)
            let parameters = theirs.parameters.map { (name: $0[0], value: $0[1]) }
            if theirs.authorization.isEmpty {
                presigned += 1
                let ours = presigner.url(key, parameters: parameters, expiresIn: theirs.expires, at: time)
                #expect(ours == theirs.url)
            } else {
                let headers = Headers(theirs.headers.map { ($0[0], $0[1]) })
                let ours = signer.request(theirs.method, key, parameters: parameters, headers: headers, at: time)
                #expect(ours.url == theirs.url)
                let sent = Dictionary(
                    ours.headers.lines.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
                #expect(sent["Authorization"] == theirs.authorization)
                #expect(sent["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD")
                #expect(sent["x-amz-date"] == time.stamp)
                #expect(headers.lines.allSatisfy { sent[$0.name] == $0.value })
            }
        }
        #expect(presigned == 135)
        #expect(lines.count == 451)
    }
}
