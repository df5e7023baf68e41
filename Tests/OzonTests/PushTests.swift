import Foundation
import TestSupport
import Testing

@testable import Core
@testable import HTTPClient
@testable import Ozon
@testable import Telemetry

let product = http(
    #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/p"], "images": ["https://h/o"], "#
        + #""color_image": ["https://h/oldc"]}]}"#)
private let pictureless = #""primary_image": [], "images": [], "color_image": []"#
let accepted = http(#"{"task_id": 7}"#)
func task(_ status: String) -> ScriptedServer.Step {
    http(#"{"result": {"items": [{"offer_id": "A-1", "product_id": 1, "status": "\#(status)", "errors": []}]}}"#)
}
func current(_ images: String, color: String = "https://h/oldc") -> ScriptedServer.Step {
    http(
        #"{"items": [{"product_id": 1, "primary_photo": [], "photo": [\#(images)], "#
            + #""color_photo": ["\#(color)"], "errors": []}]}"#)
}

func body(_ request: String) -> String {
    request.components(separatedBy: "\r\n\r\n").last ?? ""
}

func pushTools(
    _ server: ScriptedServer, _ environment: [String: String] = [:], _ pushes: PushTable = PushTable()
) -> PushTools {
    PushTools(seller: Seller(plainClient, origin: server.url), rules: pushRules(environment), pushes: pushes)
}

@Suite(.timeLimit(.minutes(1)))
struct PushTests {
    private func push(
        _ server: ScriptedServer, _ body: String, _ environment: [String: String] = [:], token: Int? = nil
    ) async throws -> PushResult {
        let push = Push(pushTools(server, environment), as: try credential())
        return try await push.run(try pictures(body, environment), productID: 1, refetchToken: token)
    }

    @Test func `Images are replaced, and the color image that the caller omitted is carried over`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, accepted, .receive, task("imported"), .receive, current(#""https://cdn/1""#),
        ])
        let result = try await push(server, #"{"images": ["https://h/a"]}"#, token: 5)
        #expect(result.status == .confirmed && result.updatedImages == 1 && !result.updatedColorImage)
        #expect(result.currentImages == ["https://cdn/1"])
        let requests = server.requests
        #expect(
            requests.map { $0.components(separatedBy: " ")[1] } == [
                "/v3/product/info/list", "/v2/product/pictures/import", "/v1/product/import/info",
                "/v2/product/pictures/info",
            ])
        #expect(
            body(requests[1])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/a?v=5"],"color_image":"https://h/oldc"}]}"#,
            "a picture that is carried over gets no token, because Ozon need not fetch it again")
        #expect(body(requests[2]) == #"{"task_id":7}"#)
        #expect(body(requests[3]) == #"{"product_id":["1"]}"#)
    }

    @Test func `With only a color image the current images are carried over, the primary one first`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, accepted, .receive, task("imported"), .receive,
            current(#""https://h/p", "https://h/o""#, color: "https://h/c"),
        ])
        let result = try await push(server, #"{"color_image": "https://h/c"}"#)
        #expect(result.status == .confirmed && result.updatedImages == 0 && result.updatedColorImage)
        #expect(
            body(server.requests[1])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/p","https://h/o"],"color_image":"https://h/c"}]}"#
        )
    }

    @Test(arguments: [
        (http("", status: "500 X"), ErrorCode.ozonUnavailable), (http(#"{"items": []}"#), .productNotFound),
        (http(#"{"items": [{"id": 2, "offer_id": "B"}]}"#), .productNotFound),
        (http(#"{"items": [{"id": 1, "offer_id": "A", \#(pictureless), "is_archived": true}]}"#), .productConflict),
        (
            http(#"{"items": [{"id": 1, "offer_id": "A", \#(pictureless), "statuses": {"is_created": false}}]}"#),
            .productConflict
        ),
    ])
    func `Nothing is sent if the product cannot be read, is missing or takes no pictures`(
        _ response: ScriptedServer.Step, _ kind: ErrorCode
    ) async throws {
        let server = try ScriptedServer([.receive, response, .receive, accepted])
        let fault = await #expect(throws: Fault.self) {
            try await push(server, #"{"images": ["https://h/a"]}"#, ["OZON_PUSH_MAX_RETRIES": "0"])
        }
        #expect(fault?.code == kind)
        #expect(server.requests.count == 1)
    }

    @Test func `An empty push returns the current pictures and sends nothing`() async throws {
        let server = try ScriptedServer([.receive, product])
        let result = try await push(server, "{}")
        #expect(result.status == .unchanged && result.success && result.errors.isEmpty)
        #expect(result.currentImages == ["https://h/p", "https://h/o"])
        #expect(server.requests.count == 1)
    }

    @Test func `A task still pending near the deadline is reported as pending with its ID, in time`()
        async throws
    {
        let server = try ScriptedServer([.receive, product, .receive, accepted, .receive, task("pending"), .stall])
        let start = ContinuousClock.now
        let result = try await push(server, #"{"images": ["https://h/a"]}"#, ["OZON_PUSH_TIMEOUT": "12"])
        #expect(result.status == .pending && result.success && result.taskID == 7 && result.updatedImages == 0)
        #expect(ContinuousClock.now - start < .seconds(24), "twice the budget")
    }

    @Test(arguments: [
        (#"{"code": 7, "message": "Api-Key is missing a required role"}"#, "403 X"),
        (#"{"code": 9, "message": "obsolete method cannot be used"}"#, "400 X"),
        (#"{"code": 5, "message": "Task not found"}"#, "404 X"), (#"{"code": 6, "message": "conflict"}"#, "409 X"),
    ])
    func `After the import, any rejected status request leaves the push pending with its task`(
        _ body: String, _ status: String
    ) async throws {
        let rejection = http(body, status: status)
        for responses in [[rejection], [task("imported"), rejection]] {
            let server = try ScriptedServer(
                [.receive, product, .receive, accepted] + responses.flatMap { [.receive, $0] } + [.stall], [.stall])
            let result = try await push(server, #"{"images": ["https://h/a"]}"#)
            #expect(result.status == .pending && result.success && result.taskID == 7 && result.updatedImages == 0)
            #expect(result.detail.map(body.contains) == true, "\(result.detail ?? "")")
        }
    }

    @Test func `A picture with a refetch token is recognized by the status of its task`() async throws {
        for (images, color) in [("a?v=5", "c?v=5"), ("a", "c")] {
            let server = try ScriptedServer([
                .receive,
                http(
                    #"{"result": {"items": [{"offer_id": "A-1", "product_id": 1, "status": "imported", "errors": ["#
                        + #"{"level": "warning", "message": "https://h/b?v=5: small"}]}]}}"#),
                .receive, current(#""https://h/\#(images)""#, color: "https://h/\(color)"),
            ])
            let push = Push(pushTools(server), as: try credential())
            let body = #"{"images": ["https://h/a", "https://h/b"], "color_image": "https://h/c"}"#
            let result = try await push.status(ofTask: 7, try pictures(body), productID: 1, refetches: true)
            let bad = FieldFault(
                field: "images", index: 1, url: "https://h/b", reason: "https://h/b?v=5: small")
            #expect(result.errors.first == bad)
            let hasToken = color == "c?v=5"
            #expect(
                result.updatedImages == (hasToken ? 1 : 0) && result.updatedColorImage == hasToken,
                "only the URLs with the token are those that were sent")
        }
    }

    @Test func `Pictures cut off before the push are reported beside the confirmed ones`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, accepted, .receive, task("imported"), .receive, current(#""https://h/a""#),
        ])
        let result = try await push(
            server, #"{"images": ["https://h/a", "https://h/b"]}"#, ["OZON_MAX_IMAGES": "1"])
        #expect(result.status == .partial && !result.success && result.updatedImages == 1)
        #expect(result.errors == [FieldFault(field: "images", reason: "Exceeds limit (1)")])
    }

    @Test func `An import that Ozon rejects is a fault and is not verified`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, http(#"{"code": 7, "message": "Offer not signed"}"#, status: "403 X"),
        ])
        let fault = await #expect(throws: Fault.self) { try await push(server, #"{"images": ["https://h/a"]}"#) }
        #expect(fault?.code == .ozonUnauthorized)
        #expect(server.requests.count == 2)
    }

    @Test func `With v1 there is one call, whose response decides about images360`()
        async throws
    {
        let response = http(
            #"{"result": {"pictures": [{"url": "https://h/a", "state": "imported"}, "#
                + #"{"url": "https://h/b", "state": "failed"}, "#
                + #"{"url": "https://h/r", "is_360": true, "state": "uploaded"}]}}"#
        )
        let server = try ScriptedServer([.receive, product, .receive, response, .receive, current(#""https://cdn/1""#)])
        let result = try await push(
            server, #"{"images": ["https://h/a", "https://h/b"], "images360": ["https://h/r", "https://h/s"]}"#,
            ["OZON_PICTURES_API": "v1", "OZON_PICTURES_PATH": "/v1/x"])
        #expect(server.requests[1].hasPrefix("POST /v1/x HTTP/1.1\r\n"))
        #expect(
            body(server.requests[1])
                == #"{"product_id":1,"images":["https://h/a","https://h/b"],"images360":["https://h/r","https://h/s"],"#
                + #""color_image":"https://h/oldc"}"#)
        #expect(result.status == .partial && result.updatedImages == 1 && result.updatedImages360 == 1)
        #expect(
            result.errors == [
                FieldFault(field: "images", index: 1, url: "https://h/b", reason: "Refused by Ozon"),
                FieldFault(
                    field: "images360", index: 1, url: "https://h/s", reason: "Not among the product's pictures"),
            ])
    }

    @Test func `Two pushes of one product run one after the other`() async throws {
        let between = http(
            #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/a"], "images": [], "#
                + #""color_image": ["https://h/oldc"]}]}"#)
        let server = try ScriptedServer([
            .receive, product, .receive, accepted, .receive, task("imported"), .receive, current(#""https://h/a""#),
            .receive, between, .receive, accepted, .receive, task("imported"), .receive,
            current(#""https://h/a""#, color: "https://h/c"),
        ])
        let pushes = PushTable()
        let credential = try credential()
        func push(_ body: String) async throws -> PushResult {
            let push = Push(pushTools(server, [:], pushes), as: credential)
            return try await push.run(try pictures(body), productID: 1, refetchToken: nil)
        }
        let first = Task { try await push(#"{"images": ["https://h/a"]}"#) }
        while server.requests.isEmpty { await Task.yield() }
        let second = Task { try await push(#"{"color_image": "https://h/c"}"#) }
        #expect(try await first.value.status == .confirmed)
        #expect(try await second.value.status == .confirmed)
        #expect(
            body(server.requests[5])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/a"],"color_image":"https://h/c"}]}"#)
    }

    @Test func `A push that waits for another one of its product ends with its own budget and sends nothing`()
        async throws
    {
        let server = try ScriptedServer([.receive, .stall])
        let pushes = PushTable()
        let credential = try credential()
        func push(seconds: Int) async throws -> PushResult {
            let push = Push(pushTools(server, ["OZON_PUSH_TIMEOUT": "\(seconds)"], pushes), as: credential)
            return try await push.run(try pictures(#"{"images": ["https://h/a"]}"#), productID: 1, refetchToken: nil)
        }
        let first = Task { try await push(seconds: 60) }
        while server.requests.isEmpty { await Task.yield() }
        let fault = await #expect(throws: Fault.self) { try await push(seconds: 1) }
        #expect(fault?.code == .ozonTimeout && fault?.detail == "Another push of this product is still running")
        #expect(server.requests.count == 1)
        first.cancel()
        _ = try? await first.value
    }

    @Test func `A push whose caller leaves after the import keeps its lock until Ozon has finished`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, accepted, .receive, task("pending"), .receive, task("imported"), .receive,
            current(#""https://h/a""#), .receive, http(#"{"items": []}"#),
        ])
        let pushes = PushTable()
        let credential = try credential()
        func push() async throws -> PushResult {
            let push = Push(pushTools(server, [:], pushes), as: credential)
            return try await push.run(try pictures(#"{"images": ["https://h/a"]}"#), productID: 1, refetchToken: nil)
        }
        let first = Task { try await push() }
        while server.requests.count < 2 { await Task.yield() }
        first.cancel()
        let fault = await #expect(throws: Fault.self) { try await push() }
        #expect(fault?.code == .productNotFound, "the last response of the script")
        #expect(server.requests.count == 6, "the second push read the product after the first one's task had ended")
    }
}
