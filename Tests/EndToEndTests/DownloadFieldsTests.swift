import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The fields of ozon-download, which are checked before Ozon is called.
    @Suite struct DownloadFields {
        /// Expects 400 with exactly these errors, and no call to Ozon with this Client-Id.
        private func expectErrors(_ body: String, clientID: String, _ reasons: [String]) throws {
            let response = try sandbox().client.post(.download, body)
            expect(response, .validationFailed, body)
            #expect(fieldErrors(response) == reasons, "\(body.prefix(200))")
            #expect(try sandbox().calls(of: clientID).isEmpty, "Ozon was called")
        }

        private func expectErrors(_ more: [String: Any], _ reasons: [String], articles: [String] = ["A-1"]) throws {
            let clientID = newClientID()
            try expectErrors(downloadBody(articles, clientID: clientID, more), clientID: clientID, reasons)
        }

        @Test func `All invalid fields are listed, in their order`() throws {
            try expectErrors(
                [
                    "credential": ["client_id": 5, "api_key": ""], "articles": ["A-1", 7, "", NSNull()],
                    "field": "name",
                    "user_id": "a/b", "download_images": "no", "presign": 1, "existing": "ask",
                ],
                [
                    "credential.client_id: Must be a string", "credential.api_key: Must not be empty",
                    "articles[1]: Must be a string", "articles[2]: Must not be empty", "articles[3]: Must be a string",
                    "field: Must be one of offer_id, product_id, sku", "user_id: Invalid characters",
                    "download_images: Must be true or false", "presign: Must be true or false",
                    "existing: Must be one of overwrite, skip",
                ])
        }

        @Test func `Required fields are required`() throws {
            let clientID = newClientID()
            try expectErrors(
                "{}", clientID: clientID,
                ["credential: Field required", "articles: Field required", "user_id: Field required"])
            try expectErrors(["user_id": NSNull()], ["user_id: Field required"])
            try expectErrors(
                ["credential": [String: String]()],
                ["credential.client_id: Field required", "credential.api_key: Field required"])
            try expectErrors(["credential": "x"], ["credential: Must be an object"])
            try expectErrors(["articles": "A-1"], ["articles: Must be an array"])
            try expectErrors([:], ["articles: Must not be empty"], articles: [])
        }

        @Test func `A null field counts as absent`() throws {
            let body =
                #"{"credential":{"client_id":"\#(newClientID())","api_key":"k"},"articles":["A-1"],"field":null,"#
                + #""user_id":"u","download_images":false,"presign":null,"existing":null,"unknown":[{"x":1}]}"#
            #expect(try sandbox().client.post(.download, body).status == 200)
        }

        @Test func `A credential cannot inject header lines`() throws {
            for bad in [
                "1\r\nX-Evil: 1", "1\n", "1\r", "1 2", "1\t", "1\u{0}", "é", "1\u{7F}", "1\u{2028}", "１",
            ] {
                for name in ["client_id", "api_key"] {
                    let clientID = newClientID()
                    let other = name == "client_id" ? "api_key" : "client_id"
                    try expectErrors(
                        downloadBody(["A-1"], ["credential": [name: bad, other: clientID]]), clientID: clientID,
                        ["credential.\(name): Invalid characters"])
                }
            }
            let long = String(repeating: "1", count: 257)
            try expectErrors(
                ["credential": ["client_id": "1", "api_key": long]], ["credential.api_key: Exceeds limit (256)"])
        }

        @Test func `user_id must be a single segment of a key`() throws {
            for bad in ["a/b", "a\\b", ".", "..", "a\u{0}", "a\nb", "a\r\nb", "a\u{85}", "/\u{301}"] {
                try expectErrors(["user_id": bad], ["user_id: Invalid characters"])
            }
            try expectErrors(["user_id": ""], ["user_id: Must not be empty"])
            try expectErrors(["user_id": String(repeating: "é", count: 65)], ["user_id: Exceeds limit (128)"])
            for good in ["test-user", "юзер 1", "a..b", "...", String(repeating: "é", count: 64)] {
                #expect(try sandbox().client.post(.download, downloadBody(["A-1"], ["user_id": good])).status == 200)
            }
        }

        @Test func `The number of articles is limited`() throws {
            let many = (1...5001).map { "A-\($0)" }
            try expectErrors([:], ["articles: Exceeds limit (5000)"], articles: many)
            try expectErrors(["presign": true], ["articles: Exceeds limit (500)"], articles: Array(many.prefix(501)))
            try expectErrors(
                ["presign": true, "user_id": ""], ["articles: Exceeds limit (500)", "user_id: Must not be empty"],
                articles: Array(many.prefix(501)))
            let process = try EndpointProcess(.download, ["OZON_MAX_ARTICLES": "2"])
            #expect(fieldErrors(try process.post(downloadBody(["1", "2", "3"]))) == ["articles: Exceeds limit (2)"])
            #expect(try process.post(downloadBody(["1", "2"])).status == 200)
        }

        @Test func `A user_id outside the allowed prefixes is rejected with 403, and Ozon is not called`() throws {
            let process = try EndpointProcess(.download, ["R2_ALLOWED_PREFIXES": "users/mine/"])
            let clientID = newClientID()
            let sign: [String: Any] = ["presign": true]
            expect(try process.post(downloadBody(["A-1"], clientID: clientID, sign)), .pathNotAllowed)
            #expect(try sandbox().calls(of: clientID).isEmpty)
            let mine = sign.merging(["user_id": "mine"]) { $1 }
            #expect(try process.post(downloadBody(["A-1"], mine)).status == 200)
            let narrow = [("R2_PREFIX", Optional("users/other/"))]
            expect(try process.post(downloadBody(["A-1"], mine), with: narrow), .pathNotAllowed)
        }
    }
}
