import Foundation
import TestSupport
import Testing

@testable import Core
@testable import HTTPClient
@testable import Ozon
@testable import Telemetry

private typealias Step = ScriptedServer.Step

private let product = http(
    #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/p"], "images": ["https://h/o"], "#
        + #""color_image": ["https://h/oldc"]}]}"#)
private let pictureless = #""primary_image": [], "images": [], "color_image": []"#
private let taken = http(#"{"task_id": 7}"#)
private func task(_ status: String) -> Step {
    http(#"{"result": {"items": [{"offer_id": "A-1", "product_id": 1, "status": "\#(status)", "errors": []}]}}"#)
}
private func standing(_ images: String, color: String = "https://h/oldc") -> Step {
    http(
        #"{"items": [{"product_id": 1, "primary_photo": [], "photo": [\#(images)], "#
            + #""color_photo": ["\#(color)"], "errors": []}]}"#)
}

/// The JSON that was sent, without its spacing.
private func body(_ request: String) -> String {
    request.components(separatedBy: "\r\n\r\n").last ?? ""
}

@Suite(.timeLimit(.minutes(1)))
struct PushTests {
    private func push(
        _ server: ScriptedServer, _ asked: String, _ environment: [String: String] = [:], token: Int? = nil
    ) async throws -> PushResult {
        let push = Push(Seller(plainClient, origin: server.url), pushRules(environment), as: try credential())
        return try await push.run(try pictures(asked, environment), productID: 1, refetchToken: token)
    }

    @Test func `Images are replaced; the color image the caller left out is carried over`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, taken, .receive, task("imported"), .receive, standing(#""https://cdn/1""#),
        ])
        let outcome = try await push(server, #"{"images": ["https://h/a"]}"#, token: 5)
        #expect(outcome.status == .confirmed && outcome.updatedImages == 1 && !outcome.updatedColorImage)
        #expect(outcome.currentImages == ["https://cdn/1"])
        let requests = server.requests
        #expect(
            requests.map { $0.components(separatedBy: " ")[1] } == [
                "/v3/product/info/list", "/v2/product/pictures/import", "/v1/product/import/info",
                "/v2/product/pictures/info",
            ])
        #expect(
            body(requests[1])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/a?v=5"],"color_image":"https://h/oldc"}]}"#,
            "what is carried over isn't marked: Ozon needn't fetch it again")
        #expect(body(requests[2]) == #"{"task_id":7}"#)
        #expect(body(requests[3]) == #"{"product_id":["1"]}"#)
    }

    @Test func `Only a color image: the images that stand are sent along, the main one first`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, taken, .receive, task("imported"), .receive,
            standing(#""https://h/p", "https://h/o""#, color: "https://h/c"),
        ])
        let outcome = try await push(server, #"{"color_image": "https://h/c"}"#)
        #expect(outcome.status == .confirmed && outcome.updatedImages == 0 && outcome.updatedColorImage)
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
    func `A read that fails, a product that isn't there, or one that takes no pictures: nothing is sent`(
        _ answer: ScriptedServer.Step, _ kind: ErrorCode
    ) async throws {
        let server = try ScriptedServer([.receive, answer, .receive, taken])
        let fault = await #expect(throws: Fault.self) {
            try await push(server, #"{"images": ["https://h/a"]}"#, ["OZON_PUSH_MAX_RETRIES": "0"])
        }
        #expect(fault?.code == kind)
        #expect(server.requests.count == 1)
    }

    @Test func `Nothing to push: what stands is told, and nothing is sent`() async throws {
        let server = try ScriptedServer([.receive, product])
        let outcome = try await push(server, "{}")
        #expect(outcome.status == .unchanged && outcome.success && outcome.errors.isEmpty)
        #expect(outcome.currentImages == ["https://h/p", "https://h/o"])
        #expect(server.requests.count == 1)
    }

    @Test func `A task that is pending when the time is nearly used up is told as pending, in time, with its number`()
        async throws
    {
        let server = try ScriptedServer([.receive, product, .receive, taken, .receive, task("pending"), .stall])
        let start = ContinuousClock.now
        let outcome = try await push(server, #"{"images": ["https://h/a"]}"#, ["OZON_PUSH_TIMEOUT": "2"])
        #expect(outcome.status == .pending && outcome.success && outcome.taskID == 7 && outcome.updatedImages == 0)
        #expect(ContinuousClock.now - start < .seconds(3), "the budget and a second")
    }

    @Test(arguments: [
        (#"{"code": 7, "message": "Api-Key is missing a required role"}"#, "403 X"),
        (#"{"code": 9, "message": "obsolete method cannot be used"}"#, "400 X"),
        (#"{"code": 5, "message": "Task not found"}"#, "404 X"), (#"{"code": 6, "message": "conflict"}"#, "409 X"),
    ])
    func `Once Ozon has the import, whatever refuses to tell of it leaves the push pending, with its task`(
        _ body: String, _ status: String
    ) async throws {
        let refusal = http(body, status: status)
        for answers in [[refusal], [task("imported"), refusal]] {
            let server = try ScriptedServer(
                [.receive, product, .receive, taken] + answers.flatMap { [.receive, $0] } + [.stall], [.stall])
            let outcome = try await push(server, #"{"images": ["https://h/a"]}"#)
            #expect(outcome.status == .pending && outcome.success && outcome.taskID == 7 && outcome.updatedImages == 0)
            #expect(outcome.detail.map(body.contains) == true, "\(outcome.detail ?? "")")
        }
    }

    @Test func `What stands with the mark of a refetch is recognized by its task's status`() async throws {
        for (images, color) in [("a?v=5", "c?v=5"), ("a", "c")] {
            let server = try ScriptedServer([
                .receive,
                http(
                    #"{"result": {"items": [{"offer_id": "A-1", "product_id": 1, "status": "imported", "errors": ["#
                        + #"{"level": "warning", "message": "https://h/b?v=5: small"}]}]}}"#),
                .receive, standing(#""https://h/\#(images)""#, color: "https://h/\(color)"),
            ])
            let push = Push(Seller(plainClient, origin: server.url), pushRules(), as: try credential())
            let asked = #"{"images": ["https://h/a", "https://h/b"], "color_image": "https://h/c"}"#
            let outcome = try await push.status(ofTask: 7, try pictures(asked), productID: 1, refetches: true)
            let bad = FieldFault(
                field: "images", index: 1, url: "https://h/b", reason: "https://h/b?v=5: small")
            #expect(outcome.errors.first == bad)
            let isMarked = color == "c?v=5"
            #expect(
                outcome.updatedImages == (isMarked ? 1 : 0) && outcome.updatedColorImage == isMarked,
                "sent with the mark")
        }
    }

    @Test func `What was cut before the push is reported beside what was confirmed`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, taken, .receive, task("imported"), .receive, standing(#""https://h/a""#),
        ])
        let outcome = try await push(
            server, #"{"images": ["https://h/a", "https://h/b"]}"#, ["OZON_MAX_IMAGES": "1"])
        #expect(outcome.status == .partial && !outcome.success && outcome.updatedImages == 1)
        #expect(outcome.errors == [FieldFault(field: "images", reason: "Exceeds limit (1)")])
    }

    @Test func `An import that Ozon refuses is its fault; there is no read-back`() async throws {
        let server = try ScriptedServer([
            .receive, product, .receive, http(#"{"code": 7, "message": "Offer not signed"}"#, status: "403 X"),
        ])
        let fault = await #expect(throws: Fault.self) { try await push(server, #"{"images": ["https://h/a"]}"#) }
        #expect(fault?.code == .ozonUnauthorized)
        #expect(server.requests.count == 2)
    }

    @Test func `V1: one call keyed by product_id on the path of the setting; its own word counts for images360`()
        async throws
    {
        let answer = http(
            #"{"result": {"pictures": [{"url": "https://h/a", "state": "imported"}, "#
                + #"{"url": "https://h/b", "state": "failed"}, "#
                + #"{"url": "https://h/r", "is_360": true, "state": "uploaded"}]}}"#
        )
        let server = try ScriptedServer([.receive, product, .receive, answer, .receive, standing(#""https://cdn/1""#)])
        let outcome = try await push(
            server, #"{"images": ["https://h/a", "https://h/b"], "images360": ["https://h/r", "https://h/s"]}"#,
            ["OZON_PICTURES_API": "v1", "OZON_PICTURES_PATH": "/v1/x"])
        #expect(server.requests[1].hasPrefix("POST /v1/x HTTP/1.1\r\n"))
        #expect(
            body(server.requests[1])
                == #"{"product_id":1,"images":["https://h/a","https://h/b"],"images360":["https://h/r","https://h/s"],"#
                + #""color_image":"https://h/oldc"}"#)
        #expect(outcome.status == .partial && outcome.updatedImages == 1 && outcome.updatedImages360 == 1)
        #expect(
            outcome.errors == [
                FieldFault(field: "images", index: 1, url: "https://h/b", reason: "Rejected by Ozon"),
                FieldFault(
                    field: "images360", index: 1, url: "https://h/s", reason: "Not among the product's pictures"),
            ])
    }

    @Test func `Two pushes of one product take turns, and the second reads what the first wrote`() async throws {
        let between = http(
            #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/a"], "images": [], "#
                + #""color_image": ["https://h/oldc"]}]}"#)
        let server = try ScriptedServer([
            .receive, product, .receive, taken, .receive, task("imported"), .receive, standing(#""https://h/a""#),
            .receive, between, .receive, taken, .receive, task("imported"), .receive,
            standing(#""https://h/a""#, color: "https://h/c"),
        ])
        let seller = Seller(plainClient, origin: server.url)
        let credential = try credential()
        func push(_ asked: String) async throws -> PushResult {
            let push = Push(seller, pushRules(), as: credential)
            return try await push.run(try pictures(asked), productID: 1, refetchToken: nil)
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

    @Test func `A push waits for a pending one that replaces what it carries over, and sends nothing if that stays`()
        async throws
    {
        let between = http(
            #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/a"], "images": [], "#
                + #""color_image": ["https://h/oldc"]}]}"#)
        let server = try ScriptedServer([
            .receive, product, .receive, taken, .receive, task("pending"),  // the first, of images
            .receive, task("pending"), .receive, task("pending"),  // the second, of a color
            .receive, task("imported"), .receive, between, .receive, http(#"{"task_id": 8}"#), .receive,
            task("imported"), .receive, standing(#""https://h/a""#, color: "https://h/c"),  // the same again
            .receive, http(#"{"items": []}"#),  // and once more
        ])
        let seller = Seller(plainClient, origin: server.url)
        let credential = try credential()
        func push(_ asked: String, seconds: Int = 30) async throws -> PushResult {
            let push = Push(seller, pushRules(["OZON_PUSH_TIMEOUT": "\(seconds)"]), as: credential)
            return try await push.run(try pictures(asked), productID: 1, refetchToken: nil)
        }
        let color = #"{"color_image": "https://h/c"}"#
        #expect(try await push(#"{"images": ["https://h/a"]}"#, seconds: 1).status == .pending)
        let conflict = await #expect(throws: Fault.self) { try await push(color, seconds: 1) }
        #expect(conflict?.code == .productConflict && conflict?.detail?.contains("Task 7") == true)
        #expect(server.requests.count { $0.contains("pictures/import") } == 1, "nothing was sent")
        #expect(try await push(color).status == .confirmed)
        #expect(
            body(server.requests[7])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/a"],"color_image":"https://h/c"}]}"#)
        let fault = await #expect(throws: Fault.self) { try await push(color) }
        #expect(fault?.code == .productNotFound, "the ended task isn't polled again")
    }

    @Test func `Pending pushes matter to those that leave out what they replace, and are bounded`() throws {
        let pending = PendingPushes()
        func key(_ id: Int) -> ProductKey { ProductKey(clientID: "1", productID: id) }
        func entry(_ asked: String) throws -> PendingPushes.Entry {
            PendingPushes.Entry(taskID: 7, offerID: "A", SentPictures(try pictures(asked), token: nil))
        }
        let (images, color) = (#""images": ["https://h/a"]"#, #""color_image": "https://h/c""#)
        let both = "\(images), \(color)"
        for (earlier, later, matters) in [
            (images, color, true), (images, images, false), (images, both, false), (color, images, true),
            (color, color, false), (color, both, false), (both, images, true), (both, color, true), (both, both, false),
        ] {
            pending.set(try entry("{\(earlier)}"), for: key(1))
            let found = pending.entry(for: key(1), affecting: try pictures("{\(later)}"))
            #expect((found != nil) == matters, "\(earlier), then \(later)")
        }
        let one = try entry("{\(both)}")
        for id in 1...10_000 { pending.set(one, for: key(id)) }
        let request = try pictures("{\(color)}")
        #expect(pending.entry(for: key(1), affecting: request) != nil)
        #expect(pending.entry(for: key(0), affecting: request) == nil)
        pending.set(one, for: key(0))
        #expect(pending.entry(for: key(1), affecting: request) == nil, "too many: none is kept")
    }

    @Test func `A push whose caller leaves after the import still holds its turn until Ozon has done it`() async throws
    {
        let server = try ScriptedServer([
            .receive, product, .receive, taken, .receive, task("pending"), .receive, task("imported"), .receive,
            standing(#""https://h/a""#), .receive, http(#"{"items": []}"#),
        ])
        let seller = Seller(plainClient, origin: server.url)
        let credential = try credential()
        func push() async throws -> PushResult {
            let push = Push(seller, pushRules(), as: credential)
            return try await push.run(try pictures(#"{"images": ["https://h/a"]}"#), productID: 1, refetchToken: nil)
        }
        let first = Task { try await push() }
        while server.requests.count < 2 { await Task.yield() }
        first.cancel()
        let fault = await #expect(throws: Fault.self) { try await push() }
        #expect(fault?.code == .productNotFound, "the last of the script's answers")
        #expect(server.requests.count == 6, "read after the first one's task had ended")
    }
}
