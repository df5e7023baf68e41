import Core
import TestSupport
import Testing

@testable import JSON
@testable import Telemetry

@Suite struct FaultTests {
    @Test func `Every error code has a unique name, a documented status and a message`() {
        #expect(Set(ErrorCode.allCases.map(\.name)).count == ErrorCode.allCases.count)
        let statuses: Set = [400, 401, 403, 404, 405, 409, 413, 415, 429, 499, 500, 502, 503, 504]
        for code in ErrorCode.allCases {
            #expect(statuses.contains(code.status), "\(code)")
            #expect(!code.message.isEmpty)
        }
    }

    @Test func `The messages the frontend relies on are unchanged`() {
        let expected: [ErrorCode: (Int, String)] = [
            .ozonUnauthorized: (403, "API key unauthorized"), .productNotFound: (404, "Product not found"),
            .productConflict: (409, "Product status conflict"), .ozonTimeout: (504, "Ozon API timeout"),
            .validationFailed: (400, "Validation failed"), .unauthorized: (401, "Invalid or missing API key"),
        ]
        for (code, (status, message)) in expected {
            #expect(code.status == status)
            #expect(code.message == message)
        }
    }

    @Test func `The error envelope is written with and without its optional members`() {
        func written(_ fault: Fault) -> String {
            var json = JSONWriter()
            json.object { fault.writeMembers(to: &$0, requestID: "r") }
            return text(json.bytes)
        }
        #expect(
            written(Fault(.productNotFound, cause: "never shown"))
                == #"{"success":false,"error":"Product not found","code":"PRODUCT_NOT_FOUND","request_id":"r"}"#)
        #expect(
            written(Fault(errors: [FieldFault(field: "images", index: 2, url: "u", reason: "Invalid URL format")]))
                == #"{"success":false,"error":"Validation failed","code":"VALIDATION_FAILED","request_id":"r","#
                + #""errors":[{"field":"images","index":2,"url":"u","reason":"Invalid URL format"}]}"#)
    }
}
