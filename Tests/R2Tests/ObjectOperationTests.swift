import Encoding
import Foundation
import R2
import SigV4
import Testing

/// Compares the presigned URLs of all operations with botocore byte for byte.
@Suite struct ObjectOperationTests {
    struct Line: Decodable {
        let seconds: Int
        let operation: String
        let key: String
        let upload_id: String?
        let part_number: Int?
        let marker: Int?
        let content_type: String?
        let expires: Int
        let url: String
    }

    @Test func `The URL of every operation equals botocore's`() throws {
        let lines = try botocore("object_operations.py")
        let presigner = Presigner(try bucket(lines[0]))
        var found: Set<ObjectOperation> = []
        for line in lines.dropFirst() {
            let expected = try JSONDecoder().decode(Line.self, from: line)
            let operation = try #require(ObjectOperation(rawValue: expected.operation))
            found.insert(operation)
            let url = presigner.url(
                try AllowedPrefixes.all.key(expected.key), method: operation.method,
                parameters: operation.parameters(
                    uploadID: expected.upload_id, partNumber: expected.part_number, marker: expected.marker),
                headers: expected.content_type.map { ["content-type": $0] } ?? [:],
                expiresIn: expected.expires, at: UTCTime(seconds: expected.seconds))
            #expect(url == expected.url)
        }
        #expect(found == Set(ObjectOperation.allCases))
        #expect(lines.count == 370)
    }
}
