import Encoding
import Foundation
import TestSupport
import Testing

@testable import Core
@testable import HTTPClient
@testable import JSON
@testable import Ozon
@testable import Telemetry

/// A response of Ozon's.
func response(_ body: String) throws -> ResponseValue {
    ResponseValue(try JSON(Array(body.utf8), duplicates: .lastWins), of: "/v1/x", try credential())
}

func credential(_ clientID: String = "1234567", _ apiKey: String = "api-key-never-shown") throws -> Credential {
    let body = #"{"credential": {"client_id": "\#(clientID)", "api_key": "\#(apiKey)"}}"#
    let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
    let made = fields.object("credential") { inner throws(InvalidFields) in try Credential(inner) }
    return try #require(made)
}

@Suite struct SellerErrorTests {
    struct File: Decodable {
        struct Row: Decodable {
            let status: Int
            let headers: [String: String]
            let body: String
            let kind: String
            let retry: String
        }
        let rows: [Row]
    }

    private func retryAdvice(_ error: SellerError) -> String {
        switch error.retry {
        case nil: "no"
        case .backoff(let wait): wait.map { "after \($0.milliseconds / 1000)" } ?? "soon"
        case .afterQuota(let wait): "quota \(wait.milliseconds / 1000)"
        case .after(let wait, let rate):
            "after \(wait.milliseconds / 1000)" + (rate.map { " at \($0)" } ?? "")
        }
    }

    @Test func `Every documented error has its fault and retry advice`() throws {
        let file: File = try Vectors(beside: #filePath).json("errors.json")
        #expect(file.rows.count == 77)
        for row in file.rows {
            let response = HTTPClient.Response(
                status: row.status, headers: Headers(row.headers.map { ($0, $1) }), body: Array(row.body.utf8))
            let error = SellerError(response, try credential())
            #expect("\(error.fault.code)" == row.kind, "\(row.status) \(row.body)")
            #expect(retryAdvice(error) == row.retry, "\(row.status) \(row.body)")
        }
    }

    @Test func `A rate limit has the number of seconds to wait, at least one`() throws {
        for (headers, seconds) in [([], 1), ([("Retry-After", "7")], 7), ([("Item-Retry-After", "2")], 120)]
            as [([(name: String, value: String)], Int)]
        {
            let response = HTTPClient.Response(status: 429, headers: Headers(headers), body: Array(#"{"code":8}"#.utf8))
            #expect(SellerError(response, try credential()).fault.retryAfter == seconds)
        }
    }

    @Test func `A rate limit may name a date, and one in the past counts as none`() throws {
        func wait(_ date: String) throws -> Int? {
            let headers = Headers([("Retry-After", date)])
            let response = HTTPClient.Response(status: 429, headers: headers, body: Array(#"{"code":8}"#.utf8))
            return SellerError(response, try credential()).fault.retryAfter
        }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let seconds = try #require(try wait(formatter.string(from: Date(timeIntervalSinceNow: 3000))))
        #expect((2900...3000).contains(seconds))
        #expect(try wait("Sun, 06 Nov 1994 08:49:37 GMT") == 1)
    }

    @Test func `Ozon's message is reported without the credential it repeats`() throws {
        let body = #"{"code": 7, "message": "Api-key api-key-never-shown of 1234567 is deactivated\r\nbye"}"#
        let response = HTTPClient.Response(status: 403, headers: Headers(), body: Array(body.utf8))
        let fault = SellerError(response, try credential()).fault
        #expect(fault.detail == "Api-key *** of *** is deactivatedbye")
    }

    @Test func `A transfer error determines the fault`() {
        let cases: [(TransferError, ErrorCode, String)] = [
            (.timeout, .ozonTimeout, "soon"), (.unreachable("x"), .ozonUnavailable, "soon"),
            (.broken("x"), .ozonUnavailable, "soon"), (.tooLarge, .ozonBadAnswer, "no"),
            (.untrusted("x"), .ozonUnavailable, "no"), (.cancelled, .internalError, "no"),
        ]
        for (error, kind, retry) in cases {
            #expect(SellerError(error).fault.code == kind)
            #expect(retryAdvice(SellerError(error)) == retry)
        }
    }
}

@Suite struct CredentialTests {
    @Test func `Client ID and API key must have 1 to 256 printable ASCII characters without spaces`() throws {
        let cases: [(String, [String])] = [
            (#"{"credential": {}}"#, ["credential.client_id: Field required", "credential.api_key: Field required"]),
            ("{}", ["credential: Field required"]),
            (
                #"{"credential": {"client_id": 7, "api_key": ""}}"#,
                ["credential.client_id: Must be a string", "credential.api_key: Must not be empty"]
            ),
            (
                #"{"credential": {"client_id": "1\r\nX: y", "api_key": "\#(String(repeating: "a", count: 257))"}}"#,
                ["credential.client_id: Invalid characters", "credential.api_key: Exceeds limit (256)"]
            ),
            (#"{"credential": {"client_id": "1", "api_key": "a b"}}"#, ["credential.api_key: Invalid characters"]),
        ]
        for (body, expected) in cases {
            let fields = try Fields(body: Array(body.utf8), caller: .unlimited)
            let made = fields.object("credential") { inner throws(InvalidFields) in try Credential(inner) }
            #expect(made == nil)
            let fault = #expect(throws: Fault.self) { try fields.check() }
            #expect(fault?.errors.map { "\($0.field): \($0.reason)" } == expected)
        }
        #expect(try credential("1", String(repeating: "a", count: 256)).apiKey.count == 256)
    }

    @Test func `No description shows the client ID or the API key`() throws {
        let credential = try credential()
        var dumped = ""
        dump(credential, to: &dumped)
        dump([credential], to: &dumped)
        for shown in [
            "\(credential)", String(reflecting: credential), "\([credential])", "\(Optional(credential) as Any)",
            dumped,
        ] {
            #expect(!shown.contains("never-shown") && !shown.contains("1234567"), "\(shown)")
        }
    }

    @Test func `Scrubbing removes the credential and control characters and limits the length to 300`() throws {
        let credential = try credential("77", "secret77")
        #expect(credential.scrub("secret77secret77 77") == "****** ***")
        #expect(credential.scrub("secret7") == "secret7")
        #expect(credential.scrub("sec\u{1}ret77 7\u{0}7") == "*** ***", "control characters inside the credential")
        #expect(credential.scrub("a\u{0}\r\n\t\u{7F}é\u{301}b") == "aé\u{301}b")
        #expect(credential.scrub(String(repeating: "x", count: 1000)).count == 300)
        #expect(credential.scrub("77\u{301}") == "***\u{301}", "bytes are compared, not graphemes")
        #expect(!credential.scrub("secre\u{0}t77").contains("secret77"), "removing characters does not reveal a secret")
    }
}
