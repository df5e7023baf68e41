import Foundation
import TestSupport
import Testing

@testable import Core
@testable import Ozon
@testable import Telemetry

private let images = #"{"images": ["https://h/a"]}"#
private let color = #"{"color_image": "https://h/c"}"#

/// Pushes of one product, each with a table of its own in the same directory, as pushes in different processes have.
private struct Pushes {
    private let server: ScriptedServer
    private let seller: Credential
    private let directory: TemporaryDirectory

    /// - Parameter responses: the server's, in order.
    init(_ responses: [ScriptedServer.Step]) throws {
        try self.init(script: responses.flatMap { [.receive, $0] })
    }

    init(script: [ScriptedServer.Step]) throws {
        server = try ScriptedServer(script)
        seller = try credential()
        directory = try TemporaryDirectory()
    }

    var requests: [String] { server.requests }
    var importCount: Int { requests.count { $0.contains("pictures/import") } }

    func push(_ body: String, _ settings: [String: String] = [:]) async throws -> PushResult {
        let settings = settings.merging(["OZON_PUSH_MAX_RETRIES": "0"]) { $1 }
        let push = Push(pushTools(server, settings, PushTable(directory: directory.path)), as: seller)
        return try await push.run(try pictures(body), productID: 1, refetchToken: nil)
    }

    func fault(_ body: String, _ settings: [String: String] = [:]) async -> Fault? {
        await #expect(throws: Fault.self) { try await push(body, settings) }
    }
}

/// The end of all polls.
private let limit = http(#"{"code": 8, "message": "rate limit"}"#, status: "429 X", headers: "Retry-After: 100\r\n")

@Suite(.timeLimit(.minutes(1)))
struct PendingPushesTests {
    @Test func `A push waits for a pending one whose pictures it carries over, and otherwise sends nothing`()
        async throws
    {
        let between = http(
            #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/a"], "images": [], "#
                + #""color_image": ["https://h/oldc"]}]}"#)
        let pushes = try Pushes(
            // The first push, of images.
            [product, accepted, limit]
                // The second push, of a color image.
                + [product, quotaTask("pending")]
                // The second push, repeated.
                + [
                    product, task("imported"), between, http(#"{"task_id": 8}"#), task("imported"),
                    current(#""https://h/a""#, color: "https://h/c"),
                ]
                // The second push, for the last time.
                + [http(#"{"items": []}"#)])
        #expect(try await pushes.push(images).status == .pending)
        let conflict = await pushes.fault(color)
        #expect(conflict?.code == .productConflict && conflict?.detail?.contains("Task 7") == true)
        #expect(pushes.importCount == 1, "the second push sent nothing")
        #expect(try await pushes.push(color).status == .confirmed)
        #expect(
            body(pushes.requests[8])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/a"],"color_image":"https://h/c"}]}"#)
        #expect(await pushes.fault(color)?.code == .productNotFound, "the finished task isn't polled again")
    }

    @Test(arguments: ["imported", "failed"])
    func `A pending push is remembered when a later one that it doesn't affect has ended`(_ status: String)
        async throws
    {
        let pushes = try Pushes(
            [product, accepted, limit] + [product, http(#"{"task_id": 8}"#), task(status), current(#""https://h/a""#)]
                + [product, task("imported"), http(#"{"items": []}"#)])
        #expect(try await pushes.push(images).status == .pending)
        let second = try await pushes.push(images)
        #expect(second.status == (status == "failed" ? .failed : .confirmed))
        #expect(await pushes.fault(color)?.code == .productNotFound)
        #expect(body(pushes.requests[8]) == #"{"task_id":7}"#, "the first push's task is awaited")
    }

    @Test(arguments: [
        http("", status: "504 X"), http(#"{"code": 4, "message": "deadline"}"#, status: "504 X"),
        http(#"{"task_id": 7}"#, status: "202 X"), http("<html>"), http(#"{"result": {}}"#),
    ])
    func `After an import whose response is lost or unusable, nothing is sent that carries over what it replaces`(
        _ response: ScriptedServer.Step
    ) async throws {
        let done = [http(#"{"task_id": 8}"#), task("imported"), current(#""https://h/a""#)]
        let pushes = try Pushes([product, response, product, product] + done + [http(#"{"items": []}"#)])
        #expect(await pushes.fault(images) != nil)
        let conflict = await pushes.fault(color)
        #expect(conflict?.code == .productConflict && conflict?.detail?.contains("unknown") == true)
        #expect(try await pushes.push(images).status == .confirmed, "repeated, it carries nothing over")
        #expect(pushes.importCount == 2)
        #expect(await pushes.fault(color)?.code == .productNotFound, "the repeated import supersedes the first one")
    }

    @Test func `A rejected repetition of an import whose response was lost says nothing about it`() async throws {
        let rejection = http(#"{"code": 3, "message": "invalid"}"#, status: "400 X")
        let pushes = try Pushes([product, http("", status: "504 X"), product, rejection, product])
        for _ in 0..<2 { #expect(await pushes.fault(images) != nil) }
        #expect(await pushes.fault(color)?.code == .productConflict)
    }

    @Test func `An import by v1 whose response was lost is remembered`() async throws {
        let pushes = try Pushes([product, http("", status: "504 X"), product])
        #expect(await pushes.fault(images, ["OZON_PICTURES_API": "v1"])?.code == .ozonUnavailable)
        #expect(await pushes.fault(color)?.code == .productConflict)
    }

    @Test(arguments: [
        http(#"{"code": 3, "message": "invalid"}"#, status: "400 X"),
        http(#"{"code": 13, "message": "Circle is open"}"#, status: "503 X"),
    ])
    func `An import that Ozon rejects is not pending`(_ rejection: ScriptedServer.Step) async throws {
        let done = [http(#"{"task_id": 8}"#), task("imported"), current(#""https://h/p""#, color: "https://h/c")]
        let pushes = try Pushes([product, rejection, product] + done)
        #expect(await pushes.fault(images) != nil)
        #expect(try await pushes.push(color).updatedColorImage)
    }

    @Test func `A task that Ozon doesn't know is a conflict with the push that waits for it`() async throws {
        let unknown = http(#"{"code": 5, "message": "Task not found"}"#, status: "404 X")
        let pushes = try Pushes([product, accepted, unknown] + [product, unknown])
        #expect(try await pushes.push(images).status == .pending)
        let conflict = await pushes.fault(color)
        #expect(conflict?.code == .productConflict && conflict?.detail?.contains("Task 7") == true)
    }

    @Test func `A push that waits too long for another one sends nothing`() async throws {
        let pushes = try Pushes(script: [.receive, .run { usleep(900_000) }, product, .receive, accepted])
        let fault = await pushes.fault(images, ["OZON_PUSH_TIMEOUT": "1"])
        #expect(fault?.code == .ozonTimeout)
        #expect(pushes.importCount == 0)
    }

    @Test func `A rate limit that lasts longer than the budget ends the polls`() async throws {
        let pushes = try Pushes([product, accepted, limit])
        let result = try await pushes.push(images)
        #expect(result.status == .pending)
        #expect(pushes.requests.count == 3)
    }

    @Test func `A push whose task waits for a quota is pending for the next one`() async throws {
        let waiting = quotaTask("pending")
        let pushes = try Pushes([product, accepted, waiting] + [product, waiting])
        #expect(await pushes.fault(images)?.code == .rateLimited)
        #expect(await pushes.fault(color)?.code == .productConflict)
        #expect(pushes.importCount == 1, "the second push sent nothing")
    }

    @Test func `A push whose task failed for a quota is not pending, and its pictures are not read`() async throws {
        let pushes = try Pushes([product, accepted, quotaTask("failed")] + [http(#"{"items": []}"#)])
        #expect(await pushes.fault(images)?.code == .rateLimited)
        #expect(await pushes.fault(color)?.code == .productNotFound)
        #expect(pushes.requests.count == 4)
    }

    private func quotaTask(_ status: String) -> ScriptedServer.Step {
        http(
            #"{"result": {"items": [{"offer_id": "A-1", "product_id": 1, "status": "\#(status)", "#
                + #""errors": [{"code": "item_limit_exceeded", "message": "", "level": "error"}]}]}}"#)
    }
}
