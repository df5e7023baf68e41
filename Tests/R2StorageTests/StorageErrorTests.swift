import Core
import Encoding
import TestSupport
import Testing

@testable import HTTPClient
@testable import R2Storage
@testable import Telemetry

private func storageError(_ status: Int, _ body: String = "") -> StorageError {
    StorageError(HTTPClient.Response(status: status, headers: Headers(), body: Array(body.utf8)))
}

@Suite struct StorageErrorTests {
    @Test func `A transfer error determines the fault and whether a retry may help`() {
        let cases: [(TransferError, StorageError, ErrorCode, Bool)] = [
            (.timeout, .timeout, .storageTimeout, true),
            (.unreachable("x"), .noResponse("x"), .storageUnavailable, true),
            (.broken("x"), .noResponse("x"), .storageUnavailable, true),
            (.untrusted("x"), .untrusted("x"), .storageUnavailable, false),
            (.cancelled, .cancelled, .clientClosedRequest, false),
        ]
        for (error, expected, kind, isTransient) in cases {
            let storageError = StorageError(error)
            #expect(storageError == expected)
            #expect(storageError.fault.code == kind && storageError.isTransient == isTransient, "\(error)")
        }
        #expect(StorageError(.unreachable("no route")).fault.detail == "no route")
    }

    @Test func `An error status determines the fault, and only 429 and 5xx are transient`() {
        for (status, kind, isTransient) in [
            (301, .storageRefused, false), (400, .storageRefused, false), (403, .storageRefused, false),
            (404, .storageRefused, false), (412, .storageRefused, false), (429, .storageUnavailable, true),
            (499, .storageRefused, false), (500, .storageUnavailable, true), (503, .storageUnavailable, true),
        ] as [(Int, ErrorCode, Bool)] {
            let error = storageError(status)
            #expect(error.fault.code == kind && error.isTransient == isTransient, "\(status)")
            #expect(error.fault.detail == "HTTP \(status)")
        }
    }

    @Test func `A success status without an error code is an unusable response`() {
        for status in [200, 201, 203, 204, 206] {
            for text in ["", "<html></html>", "<Error/>", "<Error><Code>a b</Code></Error>"] {
                #expect(storageError(status, text) == .unusable, "\(status) \(text)")
            }
            #expect(
                storageError(status, "<Error><Code>NoSuchKey</Code></Error>") == .refused(status, code: "NoSuchKey"))
        }
        #expect(StorageError.unusable.fault.code == .storageUnavailable)
    }

    @Test func `R2's error code is reported`() {
        let error = storageError(
            403, "<?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>m</Message></Error>")
        #expect(error == .refused(403, code: "SignatureDoesNotMatch"))
        #expect(error.fault.detail == "SignatureDoesNotMatch")
        #expect(
            storageError(404, "<Error><Code>\(String(repeating: "a", count: 64))</Code></Error>").fault.detail?.count
                == 64)
    }

    @Test func `The error code takes precedence over the status in deciding whether to retry`() {
        func error(_ status: Int, _ code: String) -> StorageError {
            storageError(status, "<Error><Code>\(code)</Code></Error>")
        }
        let transient = ["InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "TooManyRequests"]
        for code in transient {
            for status in [200, 400, 403, 409, 429, 500, 503] {
                #expect(error(status, code).isTransient, "\(status) \(code)")
                #expect(error(status, code).fault.code == .storageUnavailable)
            }
        }
        let permanent = [
            "AccessDenied", "SignatureDoesNotMatch", "NoSuchBucket", "InvalidPart", "ExpiredRequest", "NotImplemented",
        ]
        for code in permanent {
            for status in [200, 400, 403, 429, 500, 503] {
                #expect(!error(status, code).isTransient, "\(status) \(code)")
                #expect(error(status, code).fault.code == .storageRefused)
                #expect(error(status, code).fault.detail == code)
            }
        }
        for (status, isTransient) in [(200, false), (400, false), (429, true), (500, true)] {
            #expect(error(status, "UnknownCode").isTransient == isTransient)
        }
        for status in [200, 400, 404, 500] { #expect(error(status, "NoSuchUpload").isNoSuchUpload) }
    }

    @Test func `Cloudflare's request ID is logged but not sent to the caller`() {
        let error = StorageError(
            HTTPClient.Response(status: 503, headers: Headers([("CF-Ray", "8f1e2d3c4b5a6978-FRA")]), body: []))
        #expect(error == .refused(503, code: nil, ray: "8f1e2d3c4b5a6978-FRA"))
        #expect(error.fault.cause == "cf-ray 8f1e2d3c4b5a6978-FRA")
        #expect(error.fault.detail == "HTTP 503")
    }

    @Test(arguments: [
        "", "<html>403</html>", "<Code>x</Code>", "<Other><Code>x</Code></Other>", "<Error><Code>x</Code>",
        "<Error><Code></Code></Error>", "<Error>Code>x</Code></Error>", "<Error><code>x</code></Error>",
        "<Error><Code>Access Denied</Code></Error>", "<Error><Code>a\r\nb</Code></Error>",
        "<Error><Code>é</Code></Error>", "<Error><Code>\u{0}</Code></Error>",
        "<Error><Code><b>x</b></Code></Error>",
        "<Error><Code>\(String(repeating: "a", count: 65))</Code></Error>",
    ])
    func `A malformed error code is not reported`(_ body: String) {
        #expect(storageError(403, body) == .refused(403, code: nil))
    }
}
