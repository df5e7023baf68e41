import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The two documented curl examples, unchanged, run with curl through nginx.
    @Suite struct UserExamples {
        private func curl(_ path: String, _ data: String) throws -> JSONValue {
            let sandbox = try sandbox()
            let (code, output, errors) = try ChildProcess.run(
                "curl",
                [
                    "-sS", "-X", "POST", "http://127.0.0.1:\(sandbox.client.port)\(path)", "-H",
                    "Content-Type: application/json", "-H", "X-API-Key: \(sandbox.key)", "-d", data,
                ])
            #expect(code == 0, "\(errors)")
            return JSONValue(String(decoding: output, as: UTF8.self))
        }

        @Test func `The metadata-only example works`() throws {
            let json = try curl(
                "/api/v1/ozon/download",
                """
                {
                    "credential": {
                      "client_id": "your-client-id",
                      "api_key": "your-api-key"
                    },
                    "articles": ["2194435300"],
                    "field": "offer_id",
                    "user_id": "test-user",
                    "download_images": false
                  }
                """)
            #expect(json["success"].bool == true)
            let data = json["data"]
            #expect(data["total_articles"].int == 1)
            #expect(data["processed"].int == 1)
            #expect(data["total_images"].int == 5)
            #expect(data["success_images"].int == 0)
            #expect(data["failed_images"].int == 0)
            let item = data["items"][0]
            #expect(item["article"].string == "2194435300")
            #expect(item["status"].string == "success")
            #expect(item["total_images"].int == 5)
            #expect(item["success_images"].int == 0)
            #expect(item["failed_images"].int == 0)
            #expect(item["urls"][0].string?.hasSuffix("/s3/multimedia-1-i/8388316998.jpg") == true)
            #expect(item["urls"][1].string?.hasSuffix("/s3/multimedia-1-i/8388316999.jpg") == true)
        }

        @Test func `The presigned URL example works`() throws {
            let json = try curl(
                "/api/v1/r2/presigned-url",
                """
                {
                    "r2_path": "users/test-user/ozon/2194435300/test.jpg"
                  }
                """)
            #expect(json["upload_url"].string?.contains("/users/test-user/ozon/2194435300/test.jpg?") == true)
            #expect(json["upload_url"].string?.contains("X-Amz-Signature=") == true)
            let base = try sandbox().settings["R2_PUBLIC_BASE"] ?? ""
            #expect(json["public_url"].string == "\(base)/users/test-user/ozon/2194435300/test.jpg")
        }

        @Test func `Without user_id the response has the text of the troubleshooting section`() throws {
            let json = try curl("/api/v1/ozon/download", #"{"articles": ["2194435300"]}"#)
            #expect(
                json["errors"].list.contains {
                    $0["field"].string == "user_id" && $0["reason"].string == "Field required"
                })
        }
    }
}
