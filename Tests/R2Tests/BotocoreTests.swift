import Encoding
import Foundation
import R2
import SigV4
import TestSupport
import Testing

/// Compares the signer with botocore byte for byte. This needs a Python with botocore, which is `TEST_PYTHON` or else
/// `python3`.
@Suite struct BotocoreTests {
    struct Setup: Decodable {
        let endpoint: String
        let host: String
        let bucket: String
        let access_key_id: String
        let secret_access_key: String
    }

    struct Line: Decodable {
        let seconds: Int
        let key: String
        let headers: [[String]]
        let expires: Int
        let url: String
    }

    struct Signed: Decodable {
        let seconds: Int
        let key: String
        let headers: [[String]]
        let url: String
        let signed: [String: String]
    }

    @Test func `Presigned URLs equal botocore's for every key, day and set of signed headers`() throws {
        let lines = try botocore("presigned_urls.py")
        let presigner = Presigner(try bucket(lines[0]))
        for line in lines.dropFirst() {
            let expected = try JSONDecoder().decode(Line.self, from: line)
            let url = presigner.url(
                try AllowedPrefixes.all.key(expected.key), headers: Headers(expected.headers.map { ($0[0], $0[1]) }),
                expiresIn: expected.expires, at: UTCTime(seconds: expected.seconds))
            #expect(url == expected.url)
        }
        #expect(lines.count > 2000)
    }

    @Test func `Requests signed in a header have botocore's URL, headers and signature`() throws {
        let lines = try botocore("presigned_urls.py", "headers")
        let signer = RequestSigner(try bucket(lines[0]))
        for line in lines.dropFirst() {
            let expected = try JSONDecoder().decode(Signed.self, from: line)
            let request = signer.request(
                "PUT", try AllowedPrefixes.all.key(expected.key),
                headers: Headers(expected.headers.map { ($0[0], $0[1]) }),
                at: UTCTime(seconds: expected.seconds))
            #expect(request.url == expected.url)
            let headers = Dictionary(
                uniqueKeysWithValues: request.headers.lines.map { ($0.name.lowercased(), $0.value) })
            #expect(headers == expected.signed)
        }
        #expect(lines.count > 2000)
    }
}

/// The bucket that a script's first line describes.
func bucket(_ line: Data) throws -> Bucket {
    let setup = try JSONDecoder().decode(BotocoreTests.Setup.self, from: line)
    return Bucket(
        endpoint: setup.endpoint, host: setup.host, name: setup.bucket,
        credentials: Credentials(accessKeyID: setup.access_key_id, secretAccessKey: setup.secret_access_key),
        publicBase: "https://pictures.example")
}

/// The lines that a script in `Vectors` writes.
func botocore(_ script: String, _ arguments: String...) throws -> [Data] {
    let python = ProcessInfo.processInfo.environment["TEST_PYTHON"] ?? "python3"
    let process = try ChildProcess.run(
        python, [Vectors(beside: #filePath).path(script)] + arguments,
        environment: ProcessInfo.processInfo.environment, within: 60)
    try #require(
        process.code == 0,
        "\(python) lacks the pinned botocore; set TEST_PYTHON to a Python that has it (deploy/test creates one)")
    return Data(process.output).split(separator: UInt8(ascii: "\n"))
}
