import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Pushes whose task takes longer than their budget; ozon-push-status reports the outcome.
    @Suite struct PushPending {
        /// A call may take all of it, so that a slow machine causes no second attempt.
        private static let shortBudget = ["OZON_PUSH_TIMEOUT": "6", "OZON_PUSH_MAX_RETRIES": "0"]

        /// Requests the status until the task has ended, and expects it to be pending until then.
        private func follow(_ fixture: PushFixture, _ product: Int, _ task: Int, _ more: [String: Any]) throws
            -> HTTPResponse
        {
            try eventually("the task ends") {
                let response = try fixture.requestStatus(pushBody(product, more.merging(["task_id": task]) { $1 }))
                if response.json["data"]["status"].string != "pending" { return response }
                expectOutcome(response, "pending", product)
                #expect(response.json["data"]["task_id"].int == task)
                return nil
            }
        }

        /// Sends a push, expects it to be pending and returns its task.
        private func pend(
            _ fixture: PushFixture, _ product: Int, clientID: String = newClientID(), _ sent: [String: Any],
            errors reasons: [String] = []
        ) throws -> Int {
            let response = try fixture.push(pushBody(product, clientID: clientID, sent))
            expectOutcome(response, "pending", product, errors: reasons)
            return try #require(response.json["data"]["task_id"].int)
        }

        @Test func `A pending push is later confirmed`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let (product, clientID, sent) = (fixture.ozon.newPendingProduct(20), newClientID(), pictures(3))
            let more: [String: Any] = ["images": sent, "color_image": pictures(1)[0]]
            let before = try fixture.ozon.currentPictures(of: product)
            let task = try pend(fixture, product, clientID: clientID, more)
            #expect(try fixture.ozon.currentPictures(of: product) == before)
            #expect(try fixture.ozon.imports(of: clientID).count == 1)
            let response = try follow(fixture, product, task, more)
            expectOutcome(response, "confirmed", product, images: 3, color: true)
            #expect(response.json["data"]["task_id"].int == task)
            #expect(response.json["data"]["current_images"].strings == sent)
            #expect(try fixture.ozon.imports(of: clientID).count == 1, "push-status imports nothing")
        }

        @Test func `A pending push is later partial, with each bad image's index in the list as sent`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let (product, bad) = (fixture.ozon.newPendingProduct(20), pictures(1, "bad-decode")[0])
            let color = pictures(1, "bad-http")[0]
            let images: [Any] = [pictures(1)[0], NSNull(), bad]
            let task = try pend(fixture, product, ["images": images, "color_image": color])
            let response = try follow(fixture, product, task, ["images": images, "color_image": color])
            let reasons = ["images[2]: pics_cant_decode", "color_image: pics_http_error"]
            expectOutcome(response, "partial", product, images: 1, errors: reasons)
            #expect(response.json["errors"].list.map { $0["url"].string } == [bad, color])
            let bare = try fixture.requestStatus(pushBody(product, ["task_id": task]))
            expectOutcome(
                bare, "partial", product, images: 1,
                errors: ["images: pics_cant_decode", "color_image: pics_http_error"],
                "without the list there are no indexes")
            #expect(bare.json["errors"].list.map { $0["url"].string } == [bad, color])
        }

        @Test func `A pending push later fails`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let (product, bad) = (fixture.ozon.newPendingProduct(20), pictures(2, "bad-http"))
            let before = try fixture.ozon.currentPictures(of: product)
            let task = try pend(fixture, product, ["images": bad])
            let response = try follow(fixture, product, task, ["images": bad])
            expectOutcome(
                response, "failed", product, errors: ["images[0]: pics_http_error", "images[1]: pics_http_error"])
            #expect(response.json["data"]["current_images"].strings == before.images)
        }

        @Test func `Without the list, updated describes the product's current pictures`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let product = fixture.ozon.newPendingProduct(20)
            let task = try pend(fixture, product, ["images": pictures(4), "color_image": pictures(1)[0]])
            expectOutcome(try follow(fixture, product, task, [:]), "confirmed", product, images: 4, color: true)
        }

        @Test func `Pictures that a pending push left out are reported by it and by push-status`() throws {
            let fixture = try PushFixture(Self.shortBudget.merging(["OZON_MAX_IMAGES": "2"]) { $1 })
            let (product, sent) = (fixture.ozon.newPendingProduct(20), pictures(3))
            let task = try pend(fixture, product, ["images": sent], errors: ["images: Exceeds limit (2)"])
            let body = pushBody(product, ["images": sent, "task_id": task])
            let response = try eventually("the task ends") {
                let response = try fixture.requestStatus(body)
                return response.json["data"]["status"].string == "pending" ? nil : response
            }
            expectOutcome(response, "partial", product, images: 2, errors: ["images: Exceeds limit (2)"])
        }

        @Test func `A task that never ends stays pending`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let product = try fixture.ozon.productID(of: "PENDING-FOREVER")
            let task = try pend(fixture, product, ["images": pictures(1)])
            for _ in 0..<5 {
                expectOutcome(try fixture.requestStatus(pushBody(product, ["task_id": task])), "pending", product)
            }
            expectOutcome(
                try fixture.requestStatus(pushBody(product, ["task_id": 4_000_000_000])), "pending", product,
                "Ozon does not know the task yet")
        }

        @Test func `A push that would carry over pictures that a pending one replaces sends nothing`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let (product, clientID) = (try fixture.ozon.productID(of: "PENDING-FOREVER"), newClientID())
            let task = try pend(fixture, product, clientID: clientID, ["images": pictures(1)])
            let color = pushBody(product, clientID: clientID, ["color_image": pictures(1)[0]])
            let conflict = try fixture.push(color)
            expect(conflict, .productConflict)
            #expect(conflict.json["detail"].string == "Task \(task) of an earlier push has not finished")
            #expect(try fixture.ozon.imports(of: clientID).count == 1)
            _ = try pend(fixture, product, clientID: clientID, ["images": pictures(1)])
            #expect(
                try fixture.ozon.imports(of: clientID).count == 2,
                "a push that replaces everything carries nothing over")
        }

        @Test
        func `After an import whose response was lost, a push that would carry over what it replaces sends nothing`()
            throws
        {
            let fixture = try PushFixture()
            for (fault, status) in [
                ("html-502", 409), ("truncated", 409), ("html-200", 409), ("internal", 200), ("bad-request", 200),
            ] {
                let (product, clientID) = (try fixture.ozon.newProduct(), newClientID())
                let lost = pushBody(product, clientID: clientID, key: "\(fault)@2+", ["images": pictures(1)])
                #expect(try fixture.push(lost).status == 502, "\(fault)")
                let color = pushBody(product, clientID: clientID, ["color_image": pictures(1)[0]])
                #expect(try fixture.push(color).status == status, "\(fault)")
                let repeated = pushBody(product, clientID: clientID, ["images": pictures(1)])
                #expect(try fixture.push(repeated).json["data"]["status"].string == "confirmed", "\(fault)")
                #expect(try fixture.push(color).status == 200, "\(fault): the repeated import supersedes the first one")
            }
        }

        @Test func `A process that shares the runtime directory knows of another one's pending push`() throws {
            let directory = try TemporaryDirectory()
            let settings = Self.shortBudget.merging(["RUNTIME_DIRECTORY": directory.path]) { $1 }
            let (fixture, other) = (try PushFixture(settings), try PushFixture(settings))
            let (product, clientID) = (try fixture.ozon.productID(of: "PENDING-FOREVER"), newClientID())
            _ = try pend(fixture, product, clientID: clientID, ["images": pictures(1)])
            let color = pushBody(product, clientID: clientID, ["color_image": pictures(1)[0]])
            expect(try other.push(color), .productConflict)
            #expect(try fixture.ozon.imports(of: clientID).count == 1)
        }

        @Test func `A push that waits for a task takes at most a second more than its budget`() throws {
            let fixture = try PushFixture(["OZON_PUSH_TIMEOUT": "5", "OZON_PUSH_MAX_RETRIES": "0"])
            let (product, clientID) = (try fixture.ozon.productID(of: "PENDING-FOREVER"), newClientID())
            for (field, status) in [("images", 200), ("color_image", 409)] {
                let pushed: Any = field == "images" ? pictures(1) : pictures(1)[0]
                let elapsed = try leastElapsedSeconds(under: 6) {
                    let response = try fixture.push(pushBody(product, clientID: clientID, [field: pushed]))
                    #expect(response.status == status)
                }
                #expect(elapsed < 6, "\(field): \(elapsed) s")
            }
        }

        @Test func `push-status polls the task once and reads back only after its end`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let product = fixture.ozon.newPendingProduct(20)
            let (clientID, sent) = (newClientID(), pictures(1))
            let task = try pend(fixture, product, ["images": sent])
            _ = try fixture.requestStatus(pushBody(product, clientID: clientID, ["task_id": task]))
            #expect(try fixture.ozon.paths(of: clientID) == [OzonStandIn.Method.importInfo])
            _ = try follow(fixture, product, task, ["images": sent])
            let last = newClientID()
            _ = try fixture.requestStatus(pushBody(product, clientID: last, ["task_id": task]))
            #expect(
                try fixture.ozon.paths(of: last) == [OzonStandIn.Method.importInfo, OzonStandIn.Method.picturesInfo])
            expect(try fixture.requestStatus(pushBody(999_999_999, ["task_id": task])), .productNotFound)
        }

        @Test func `push-status rejects what push-images rejects, and lists every error`() throws {
            let clientID = newClientID()
            let more: [String: Any] = ["task_id": 0, "images": ["a"], "color_image": 5]
            let response = try sandbox().client.post(.pushStatus, pushBody(-1, clientID: clientID, more))
            expect(response, .validationFailed)
            let most = Int.max
            #expect(
                fieldErrors(response) == [
                    "product_id: Must be between 1 and \(most)", "task_id: Must be between 1 and \(most)",
                    "images[0]: Invalid URL format", "color_image: Must be a string",
                ])
            let none = try sandbox().client.post(.pushStatus, pushBody(1, clientID: clientID))
            #expect(fieldErrors(none) == ["task_id: Field required"])
            #expect(try OzonStandIn.shared().calls(of: clientID).isEmpty)
        }
    }
}
