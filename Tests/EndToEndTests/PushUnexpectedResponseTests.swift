import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Ozon's responses with a field that is missing, renamed or of another type must not lead to guesses or losses.
    @Suite struct PushUnexpectedResponses {
        /// A call may take all of it, so that a slow machine causes no second attempt.
        private static let shortBudget = ["OZON_PUSH_TIMEOUT": "6", "OZON_PUSH_MAX_RETRIES": "0"]

        @Test func `If the current pictures have an unexpected shape, nothing is sent and the field is named`() throws {
            let fixture = try PushFixture()
            let changes = ["lacks", "renamed", "null", "retyped", "mixed", "objects"]
            for field in ["images", "primary_image", "color_image"] {
                for change in changes {
                    for sent in [["color_image": pictures(1)[0]], ["images": pictures(2)], [:]] as [[String: Any]] {
                        let (product, clientID) = (try fixture.ozon.newProduct(), newClientID())
                        let before = try fixture.ozon.currentPictures(of: product)
                        let key = "\(change)-\(field)"
                        let response = try fixture.push(pushBody(product, clientID: clientID, key: key, sent))
                        expect(response, .ozonBadAnswer, key)
                        let detail = response.json["detail"].string ?? ""
                        #expect(detail.hasPrefix("/v3/product/info/list: items[0].\(field)"), "\(key): \(detail)")
                        #expect(try fixture.ozon.paths(of: clientID) == [OzonStandIn.Method.list], "\(key)")
                        #expect(try fixture.ozon.currentPictures(of: product) == before, "\(key)")
                    }
                }
            }
            for key in ["lacks-offer_id", "retyped-offer_id", "retyped-is_archived", "mixed-statuses", "null-id"] {
                let clientID = newClientID()
                let body = pushBody(
                    try fixture.ozon.newProduct(), clientID: clientID, key: key, ["images": pictures(1)])
                expect(try fixture.push(body), .ozonBadAnswer, key)
                #expect(try fixture.ozon.paths(of: clientID) == [OzonStandIn.Method.list], "\(key)")
            }
        }

        @Test func `Single URLs as strings, empty lists and changes in unused fields are accepted`() throws {
            for key in ["text-color_image@1", "text-primary_image@1", "retyped-sku@1", "lacks-statuses@1"] {
                let (product, clientID, color) = (try OzonStandIn.shared().newProduct(), newClientID(), pictures(1)[0])
                let before = try OzonStandIn.shared().currentPictures(of: product)
                let body = pushBody(product, clientID: clientID, key: key, ["color_image": color])
                expectOutcome(try sandbox().client.post(.pushImages, body), "confirmed", product, color: true, key)
                #expect(try OzonStandIn.shared().imports(of: clientID)[0]["images"].strings == before.images, "\(key)")
            }
            let (product, clientID) = (try OzonStandIn.shared().newProduct(color: false), newClientID())
            let body = pushBody(product, clientID: clientID, key: "emptied-color_image@1", ["images": pictures(2)])
            expectOutcome(try sandbox().client.post(.pushImages, body), "confirmed", product, images: 2)
            #expect(try OzonStandIn.shared().imports(of: clientID)[0].names == ["images", "offer_id"])
        }

        @Test func `An unexpected read-back leaves the push pending`() throws {
            let fixture = try PushFixture()
            for field in ["items", "product_id", "primary_photo", "photo", "color_photo"] {
                for change in ["lacks", "retyped"] {
                    // The sixth call is the read-back, after the list, the import and three polls.
                    let (product, clientID, key) = (
                        try fixture.ozon.newProduct(), newClientID(), "\(change)-\(field)@6+"
                    )
                    let sent: [String: Any] = ["images": pictures(2)]
                    let response = try fixture.push(pushBody(product, clientID: clientID, key: key, sent))
                    expectOutcome(response, "pending", product, key)
                    #expect(try fixture.ozon.paths(of: clientID).last == OzonStandIn.Method.picturesInfo, "\(key)")
                    let task = try #require(response.json["data"]["task_id"].int)
                    let more = sent.merging(["task_id": task]) { $1 }
                    let status = try fixture.requestStatus(pushBody(product, key: "\(change)-\(field)@2", more))
                    expect(status, .ozonBadAnswer, key)
                    #expect(status.json["detail"].string?.contains(field) == true, "\(status.text)")
                    expectOutcome(try fixture.requestStatus(pushBody(product, more)), "confirmed", product, images: 2)
                }
            }
        }

        @Test func `An unexpected task leaves the push pending and is OZON_BAD_ANSWER for push-status`() throws {
            let fixture = try PushFixture(Self.shortBudget)
            let changes = [
                "state-archived", "state-Imported", "lacks-status", "null-status", "retyped-status", "lacks-result",
                "retyped-result", "lacks-items", "retyped-items", "retyped-errors", "other-item", "retyped-product_id",
            ]
            let open = try changes.map { change in
                let (product, clientID, sent) = (try fixture.ozon.newProduct(), newClientID(), pictures(1))
                let body = pushBody(product, clientID: clientID, key: "\(change)@3+", ["images": sent])
                return (change, product, clientID, sent, try fixture.nginx.client.open(.pushImages, Array(body.utf8)))
            }
            for (change, product, clientID, sent, connection) in open {
                let response = try HTTPResponse(try connection.readToEnd())
                expectOutcome(response, "pending", product, change)
                #expect(try fixture.ozon.imports(of: clientID).count == 1)
                let task = try #require(response.json["data"]["task_id"].int)
                let more: [String: Any] = ["images": sent, "task_id": task]
                let status = try fixture.requestStatus(pushBody(product, key: change, more))
                expect(status, .ozonBadAnswer, change)
                #expect(status.json["detail"].string != nil)
            }
        }

        @Test func `Another product's item in the task is ignored`() throws {
            let (product, sent) = (try OzonStandIn.shared().newProduct(), pictures(2))
            let response = try sandbox().client.post(
                .pushImages, pushBody(product, key: "more-items@3+", ["images": sent]))
            expectOutcome(response, "confirmed", product, images: 2)
            let task = try #require(response.json["data"]["task_id"].int)
            for key in ["more-items", "lacks-product_id@1", "text-product_id@1"] {
                let body = pushBody(product, key: key, ["task_id": task, "images": sent])
                expectOutcome(try sandbox().client.post(.pushStatus, body), "confirmed", product, images: 2, key)
            }
            expect(try sandbox().client.post(.pushStatus, pushBody(124, ["task_id": task])), .ozonBadAnswer)
        }

        @Test func `An error of a failed task that names a picture is reported for that picture`() throws {
            let (product, bad) = (try OzonStandIn.shared().newProduct(), pictures(1, "bad-named")[0])
            let before = try OzonStandIn.shared().currentPictures(of: product)
            let images: [Any] = [NSNull(), pictures(1)[0], bad]
            let response = try sandbox().client.post(.pushImages, pushBody(product, ["images": images]))
            expectOutcome(response, "failed", product, errors: ["images[2]: Can't read \(bad)."])
            #expect(response.json["errors"][0]["url"].string == bad)
            #expect(try OzonStandIn.shared().currentPictures(of: product) == before)
            let (other, quiet) = (try OzonStandIn.shared().newProduct(), pictures(1, "bad-quietly"))
            expectOutcome(
                try sandbox().client.post(.pushImages, pushBody(other, ["images": quiet])), "failed", other,
                errors: ["images: some_image_failed"], "the task is imported with an error")
        }

        @Test func `With refetch a skipped push is not a success`() throws {
            let (product, sent) = (try OzonStandIn.shared().newProduct(), pictures(2))
            let body = pushBody(product, key: "state-skipped@5+", ["images": sent, "refetch": true])
            let response = try sandbox().client.post(.pushImages, body)
            let reason = "Skipped by Ozon, not fetched again"
            expectOutcome(response, "failed", product, errors: ["images[0]: \(reason)", "images[1]: \(reason)"])
            let task = try #require(response.json["data"]["task_id"].int)
            for (refetch, expected) in [(true, "failed"), (false, "confirmed")] {
                let more: [String: Any] = ["images": sent, "refetch": refetch, "task_id": task]
                let status = try sandbox().client.post(.pushStatus, pushBody(product, key: "state-skipped@1", more))
                #expect(status.json["data"]["status"].string == expected, "\(status.text)")
            }
        }
    }
}
