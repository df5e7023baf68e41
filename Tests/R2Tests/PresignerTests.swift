import Encoding
import Foundation
import R2
import SigV4
import Testing

@Suite struct PresignerTests {
    private let presigner = Presigner(
        Bucket(
            endpoint: "https://account.r2.cloudflarestorage.com", host: "account.r2.cloudflarestorage.com",
            name: "bucket", credentials: Credentials(accessKeyID: "AKID", secretAccessKey: "secret"),
            publicBase: "https://r0.image2url.com"))
    private let noon = UTCTime(seconds: 1_795_176_000)

    private func url(_ key: String, at time: UTCTime, headers: Headers = [:]) throws -> String {
        presigner.url(try AllowedPrefixes.all.key(key), headers: headers, expiresIn: 3600, at: time)
    }

    private func signature(_ url: String) -> Substring? {
        url.range(of: "&X-Amz-Signature=").map { url[$0.upperBound...] }
    }

    @Test func `The parameters are in botocore's order with the signature last`() throws {
        let url = try url("users/a b.jpg", at: noon, headers: ["content-type": "image/jpeg"])
        let names = try #require(URLComponents(string: url)?.queryItems).map(\.name)
        #expect(
            names == [
                "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
                "X-Amz-Signature",
            ])
        #expect(url.hasPrefix("https://account.r2.cloudflarestorage.com/bucket/users/a%20b.jpg?"))
        #expect(
            url.contains("&X-Amz-Date=20261120T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost&"))
        #expect(signature(url)?.count == 64)
    }

    @Test func `The signed URL has the same path as the public URL`() throws {
        let key = "users/фото №1 (+).jpg"
        let path = try #require(URLComponents(string: try url(key, at: noon))).percentEncodedPath
        #expect(
            presigner.bucket.publicURL(of: try AllowedPrefixes.all.key(key))
                == "https://r0.image2url.com\(path.dropFirst(7))")
    }

    @Test func `Every key, method, header, lifetime and second has its own signature`() throws {
        let key = try AllowedPrefixes.all.key("users/a.jpg")
        let urls = [
            presigner.url(key, expiresIn: 3600, at: noon),
            presigner.url(try AllowedPrefixes.all.key("users/b.jpg"), expiresIn: 3600, at: noon),
            presigner.url(key, method: "GET", expiresIn: 3600, at: noon),
            presigner.url(key, headers: ["content-type": "image/jpeg"], expiresIn: 3600, at: noon),
            presigner.url(key, headers: ["content-type": "image/png"], expiresIn: 3600, at: noon),
            presigner.url(key, expiresIn: 3601, at: noon),
            presigner.url(key, expiresIn: 3600, at: noon + 1),
        ]
        #expect(Set(urls.compactMap(signature)).count == urls.count)
    }

    @Test func `The signing key changes at midnight in either direction`() throws {
        let midnight = UTCTime(seconds: noon.seconds + 43_200)
        let before = try url("users/a.jpg", at: noon)
        let after = try url("users/a.jpg", at: midnight)
        #expect(before.contains("%2F20261120%2Fauto%2Fs3%2Faws4_request"))
        #expect(after.contains("%2F20261121%2Fauto%2Fs3%2Faws4_request"))
        #expect(try url("users/a.jpg", at: noon) == before)
        #expect(try url("users/a.jpg", at: midnight + -1).contains("X-Amz-Date=20261120T235959Z"))
    }

    @Test func `Concurrent threads create the same signatures across a change of day`() async throws {
        let expected = try [0, 43_200].map { try url("users/a.jpg", at: noon + $0) }
        let urls = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for index in 0..<500 {
                group.addTask { (index % 2, try url("users/a.jpg", at: noon + index % 2 * 43_200)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(urls.allSatisfy { $0.1 == expected[$0.0] })
    }

    @Test func `No description of a bucket or presigner shows the secret`() {
        var dumped = ""
        dump(presigner, to: &dumped)
        dump(presigner.bucket, to: &dumped)
        for shown in ["\(presigner.bucket)", String(reflecting: presigner.bucket), dumped] {
            #expect(!shown.contains("secret"), "\(shown)")
            #expect(!shown.contains("AKID"), "\(shown)")
        }
    }
}
