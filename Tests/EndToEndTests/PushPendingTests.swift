import Foundation
import Testing

extension EndToEnd {
    /// Ozon takes longer than a push may: ozon-push-status tells the rest.
    @Suite struct PushPending {
        private static let hasty = ["OZON_PUSH_TIMEOUT": "1"]

        /// Asks until the task has ended; everything before is pending.
        private func follow(_ stage: PushStage, _ product: Int, _ task: Int, _ more: [String: Any]) throws -> HTTPAnswer
        {
            try eventually("the task ends") {
                let answer = try stage.ask(pushBody(product, more.merging(["task_id": task]) { $1 }))
                if answer.json["data"]["status"].string != "pending" { return answer }
                expectOutcome(answer, "pending", product)
                #expect(answer.json["data"]["task_id"].int == task)
                return nil
            }
        }

        /// A push whose answer is pending, within its budget.
        private func pend(
            _ stage: PushStage, _ product: Int, client: String = nextClient(), _ sent: [String: Any],
            faults reasons: [String] = []
        ) throws -> Int {
            var answer: HTTPAnswer?
            let passed = try seconds { answer = try stage.push(pushBody(product, client: client, sent)) }
            expectOutcome(try #require(answer), "pending", product, faults: reasons)
            #expect(passed < 2, "1 s and 1 s; it took \(passed) s")
            return try #require(answer?.json["data"]["task_id"].int)
        }

        @Test func `Pending, then followed to its end: confirmed`() throws {
            let stage = try PushStage(Self.hasty)
            let (product, client, sent) = (OwnProduct.nextPending(4), nextClient(), pictures(3))
            let more: [String: Any] = ["images": sent, "color_image": pictures(1)[0]]
            let before = try stage.ozon.standing(product)
            let task = try pend(stage, product, client: client, more)
            #expect(try stage.ozon.standing(product) == before)
            #expect(try stage.ozon.imports(of: client).count == 1)
            let answer = try follow(stage, product, task, more)
            expectOutcome(answer, "confirmed", product, images: 3, color: true)
            #expect(answer.json["data"]["task_id"].int == task)
            #expect(answer.json["data"]["current_images"].strings == sent)
            #expect(try stage.ozon.imports(of: client).count == 1, "asking sends nothing")
        }

        @Test func `Pending, then partial: with the list as sent, each bad image by its index`() throws {
            let stage = try PushStage(Self.hasty)
            let (product, bad) = (OwnProduct.nextPending(4), pictures(1, "bad-decode")[0])
            let color = pictures(1, "bad-http")[0]
            let images: [Any] = [pictures(1)[0], NSNull(), bad]
            let task = try pend(stage, product, ["images": images, "color_image": color])
            let answer = try follow(stage, product, task, ["images": images, "color_image": color])
            let reasons = ["images[2]: pics_cant_decode", "color_image: pics_http_error"]
            expectOutcome(answer, "partial", product, images: 1, faults: reasons)
            #expect(answer.json["errors"].list.map { $0["url"].string } == [bad, color])
            let bare = try stage.ask(pushBody(product, ["task_id": task]))
            expectOutcome(
                bare, "partial", product, images: 1,
                faults: ["images: pics_cant_decode", "color_image: pics_http_error"], "without the list, no indexes")
            #expect(bare.json["errors"].list.map { $0["url"].string } == [bad, color])
        }

        @Test func `Pending, then failed`() throws {
            let stage = try PushStage(Self.hasty)
            let (product, bad) = (OwnProduct.nextPending(4), pictures(2, "bad-http"))
            let before = try stage.ozon.standing(product)
            let task = try pend(stage, product, ["images": bad])
            let answer = try follow(stage, product, task, ["images": bad])
            expectOutcome(
                answer, "failed", product, faults: ["images[0]: pics_http_error", "images[1]: pics_http_error"])
            #expect(answer.json["data"]["current_images"].strings == before.images)
        }

        @Test func `Without the list, updated tells what now stands`() throws {
            let stage = try PushStage(Self.hasty)
            let product = OwnProduct.nextPending(4)
            let task = try pend(stage, product, ["images": pictures(4), "color_image": pictures(1)[0]])
            expectOutcome(try follow(stage, product, task, [:]), "confirmed", product, images: 4, color: true)
        }

        @Test func `What a pending push left out is reported by it and by its status`() throws {
            let stage = try PushStage(Self.hasty.merging(["OZON_MAX_IMAGES": "2"]) { $1 })
            let (product, sent) = (OwnProduct.nextPending(1), pictures(3))
            let task = try pend(stage, product, ["images": sent], faults: ["images: Exceeds limit (2)"])
            let body = pushBody(product, ["images": sent, "task_id": task])
            let answer = try eventually("the task ends") {
                let answer = try stage.ask(body)
                return answer.json["data"]["status"].string == "pending" ? nil : answer
            }
            expectOutcome(answer, "partial", product, images: 2, faults: ["images: Exceeds limit (2)"])
        }

        @Test func `A task that never ends stays pending`() throws {
            let stage = try PushStage(Self.hasty)
            let product = try stage.ozon.named("PENDING-FOREVER")
            let task = try pend(stage, product, ["images": pictures(1)])
            for _ in 0..<5 { expectOutcome(try stage.ask(pushBody(product, ["task_id": task])), "pending", product) }
            expectOutcome(
                try stage.ask(pushBody(product, ["task_id": 4_000_000_000])), "pending", product, "not known yet")
        }

        @Test func `A push that carries over what a pending one replaces sends nothing`() throws {
            let stage = try PushStage(Self.hasty)
            let (product, client) = (try stage.ozon.named("PENDING-FOREVER"), nextClient())
            let task = try pend(stage, product, client: client, ["images": pictures(1)])
            let color = pushBody(product, client: client, ["color_image": pictures(1)[0]])
            var answer: HTTPAnswer?
            let passed = try seconds { answer = try stage.push(color) }
            let conflict = try #require(answer)
            expect(conflict, .productConflict)
            #expect(conflict.json["detail"].string == "Task \(task) of an earlier push has not finished")
            #expect(passed < 2, "1 s and 1 s; it took \(passed) s")
            #expect(try stage.ozon.imports(of: client).count == 1)
            _ = try pend(stage, product, client: client, ["images": pictures(1)])
            #expect(try stage.ozon.imports(of: client).count == 2, "what it names itself, it needn't read")
        }

        @Test func `push-status asks once for the task, and reads back only when it has ended`() throws {
            let stage = try PushStage(Self.hasty)
            let product = OwnProduct.nextPending(2)
            let (client, sent) = (nextClient(), pictures(1))
            let task = try pend(stage, product, ["images": sent])
            _ = try stage.ask(pushBody(product, client: client, ["task_id": task]))
            #expect(try stage.ozon.paths(of: client) == [OzonMethod.importInfo])
            _ = try follow(stage, product, task, ["images": sent])
            let last = nextClient()
            _ = try stage.ask(pushBody(product, client: last, ["task_id": task]))
            #expect(try stage.ozon.paths(of: last) == [OzonMethod.importInfo, OzonMethod.picturesInfo])
            expect(try stage.ask(pushBody(999_999_999, ["task_id": task])), .productNotFound)
        }

        @Test func `push-status refuses what push-images refuses, and lists all of it`() throws {
            let client = nextClient()
            let more: [String: Any] = ["task_id": 0, "images": ["a"], "color_image": 5]
            let answer = try sandbox().site.post(.pushStatus, pushBody(-1, client: client, more))
            expect(answer, .validationFailed)
            let most = Int.max
            #expect(
                faults(answer) == [
                    "product_id: Must be between 1 and \(most)", "task_id: Must be between 1 and \(most)",
                    "images[0]: Invalid URL format", "color_image: Must be a string",
                ])
            let none = try sandbox().site.post(.pushStatus, pushBody(1, client: client))
            #expect(faults(none) == ["task_id: Field required"])
            #expect(try Ozon.shared().calls(of: client).isEmpty)
        }
    }
}
