import Encoding
import Foundation
import R2
import SigV4
import TestSupport
import Testing

/// The signer against botocore, byte for byte. Needs a Python with botocore: `TEST_PYTHON` names it, else `python3`.
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
            let theirs = try JSONDecoder().decode(Line.self, from: line)
            let ours = presigner.url(
                try AllowedPrefixes([]).key(theirs.key), headers: Headers(theirs.headers.map { ($0[0], $0[1]) }),
                expiresIn: theirs.expires, at: UTCTime(seconds: theirs.seconds))
            #expect(ours == theirs.url)
        }
        #expect(lines.count > 2000)
    }

    @Test func `Requests signed in a header have botocore's URL, headers and signature`() throws {
        let lines = try botocore("presigned_urls.py", "headers")
        let signer = RequestSigner(try bucket(lines[0]))
        for line in lines.dropFirst() {
            let theirs = try JSONDecoder().decode(Signed.self, from: line)
            let ours = signer.request(
                "PUT", try AllowedPrefixes([]).key(theirs.key), headers: Headers(theirs.headers.map { ($0[0], $0[1]) }),
                at: UTCTime(seconds: theirs.seconds))
            #expect(ours.url == theirs.url)
            let headers = Dictionary(uniqueKeysWithValues: ours.headers.lines.map { ($0.name.lowercased(), $0.value) })
            #expect(headers == theirs.signed)
        }
        #expect(lines.count > 2000)
    }
}

/// The bucket that a script's first line tells of.
func bucket(_ line: Data) throws -> Bucket {
    let setup = try JSONDecoder().decode(BotocoreTests.Setup.self, from: line)
    return Bucket(
        endpoint: setup.endpoint, host: setup.host, name: setup.bucket,
        credentials: Credentials(accessKeyID: setup.access_key_id, secretAccessKey: setup.secret_access_key),
        publicBase: "https://pictures.example")
}

/// The lines that a script of `Vectors` writes.
func botocore(_ script: String, _ arguments: String...) throws -> [Data] {
    let python = ProcessInfo.processInfo.environment["TEST_PYTHON"] ?? "python3"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, Vectors(beside: #filePath).path(script)] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(
        process.terminationStatus == 0,
        "\(python) has not the pinned botocore: set TEST_PYTHON to one that has (deploy/test makes it)")
    return data.split(separator: UInt8(ascii: "\n"))
}
