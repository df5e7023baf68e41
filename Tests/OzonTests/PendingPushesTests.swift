import TestSupport
import Testing

@testable import Core
@testable import Ozon
@testable import Telemetry

/// Each push has a table of its own in the same directory, as pushes in different processes have.
@Suite(.timeLimit(.minutes(1)))
struct PendingPushesTests {
    @Test func `A push waits for a pending one whose pictures it carries over, and otherwise sends nothing`()
        async throws
    {
        let between = http(
            #"{"items": [{"id": 1, "offer_id": "A-1", "primary_image": ["https://h/a"], "images": [], "#
                + #""color_image": ["https://h/oldc"]}]}"#)
        let server = try ScriptedServer([
            // The first push, of images, with three polls.
            .receive, product, .receive, accepted, .receive, task("pending"), .receive, task("pending"), .receive,
            task("pending"),
            // The second push, of a color image, with four.
            .receive, task("pending"), .receive, task("pending"), .receive, task("pending"), .receive, task("pending"),
            .receive, task("imported"), .receive, between, .receive, http(#"{"task_id": 8}"#), .receive,
            task("imported"), .receive, current(#""https://h/a""#, color: "https://h/c"),  // The second push, repeated.
            .receive, http(#"{"items": []}"#),  // The second push, for the last time.
        ])
        let (credential, directory) = (try credential(), try TemporaryDirectory())
        func push(_ body: String, seconds: Int = 30) async throws -> PushResult {
            let push = Push(
                pushTools(server, ["OZON_PUSH_TIMEOUT": "\(seconds)"], PushTable(directory: directory.path)),
                as: credential)
            return try await push.run(try pictures(body), productID: 1, refetchToken: nil)
        }
        let color = #"{"color_image": "https://h/c"}"#
        #expect(try await push(#"{"images": ["https://h/a"]}"#, seconds: 5).status == .pending)
        let conflict = await #expect(throws: Fault.self) { try await push(color, seconds: 5) }
        #expect(conflict?.code == .productConflict && conflict?.detail?.contains("Task 7") == true)
        #expect(server.requests.count { $0.contains("pictures/import") } == 1, "the second push sent nothing")
        #expect(try await push(color).status == .confirmed)
        #expect(
            body(server.requests[11])
                == #"{"items":[{"offer_id":"A-1","images":["https://h/a"],"color_image":"https://h/c"}]}"#)
        let fault = await #expect(throws: Fault.self) { try await push(color) }
        #expect(fault?.code == .productNotFound, "the finished task isn't polled again")
    }

    @Test func `A push whose task waits for a quota is pending for the next one`() async throws {
        let waiting = http(
            #"{"result": {"items": [{"offer_id": "A-1", "product_id": 1, "status": "pending", "#
                + #""errors": [{"code": "item_limit_exceeded", "message": "", "level": "error"}]}]}}"#)
        let server = try ScriptedServer([
            .receive, product, .receive, accepted, .receive, waiting,  // The first push, of images.
            .receive, waiting,  // The second push, of a color image.
        ])
        let (credential, directory) = (try credential(), try TemporaryDirectory())
        func push(_ body: String) async throws {
            let push = Push(pushTools(server, [:], PushTable(directory: directory.path)), as: credential)
            _ = try await push.run(try pictures(body), productID: 1, refetchToken: nil)
        }
        let limited = await #expect(throws: Fault.self) { try await push(#"{"images": ["https://h/a"]}"#) }
        #expect(limited?.code == .rateLimited)
        let conflict = await #expect(throws: Fault.self) { try await push(#"{"color_image": "https://h/c"}"#) }
        #expect(conflict?.code == .productConflict)
        #expect(server.requests.count == 4, "the second push sent nothing")
    }
}
