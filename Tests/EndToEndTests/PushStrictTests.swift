import Foundation
import Testing

extension EndToEnd {
    /// Ozon's answers with a field that is missing, renamed or of another type: nothing is guessed, and nothing erased.
    @Suite struct PushStrict {
        private static let hasty = ["OZON_PUSH_TIMEOUT": "2"]

        @Test func `A push whose read isn't understood sends nothing, and says which field it was`() throws {
            let stage = try PushStage()
            let changes = ["lacks", "renamed", "null", "retyped", "mixed", "objects"]
            for field in ["images", "primary_image", "color_image"] {
                for change in changes {
                    for sent in [["color_image": pictures(1)[0]], ["images": pictures(2)], [:]] as [[String: Any]] {
                        let (product, client) = (OwnProduct.next(), nextClient())
                        let before = try stage.ozon.standing(product)
                        let key = "\(change)-\(field)"
                        let answer = try stage.push(pushBody(product, client: client, key: key, sent))
                        expect(answer, .ozonBadAnswer, key)
                        let detail = answer.json["detail"].string ?? ""
                        #expect(detail.hasPrefix("/v3/product/info/list: items[0].\(field)"), "\(key): \(detail)")
                        #expect(try stage.ozon.paths(of: client) == [OzonMethod.list], "\(key)")
                        #expect(try stage.ozon.standing(product) == before, "\(key)")
                    }
                }
            }
            for key in ["lacks-offer_id", "retyped-offer_id", "retyped-is_archived", "mixed-statuses", "null-id"] {
                let client = nextClient()
                let body = pushBody(OwnProduct.next(), client: client, key: key, ["images": pictures(1)])
                expect(try stage.push(body), .ozonBadAnswer, key)
                #expect(try stage.ozon.paths(of: client) == [OzonMethod.list], "\(key)")
            }
        }

        @Test func `Single URLs as texts, empty lists and fields that nobody reads are understood`() throws {
            for key in ["text-color_image@1", "text-primary_image@1", "retyped-sku@1", "lacks-statuses@1"] {
                let (product, client, color) = (OwnProduct.next(), nextClient(), pictures(1)[0])
                let before = try Ozon.shared().standing(product)
                let body = pushBody(product, client: client, key: key, ["color_image": color])
                expectOutcome(try sandbox().site.post(.pushImages, body), "confirmed", product, color: true, key)
                #expect(try Ozon.shared().imports(of: client)[0]["images"].strings == before.images, "\(key)")
            }
            let (product, client) = (OwnProduct.next(color: false), nextClient())
            let body = pushBody(product, client: client, key: "emptied-color_image@1", ["images": pictures(2)])
            expectOutcome(try sandbox().site.post(.pushImages, body), "confirmed", product, images: 2)
            #expect(try Ozon.shared().imports(of: client)[0].names == ["images", "offer_id"])
        }

        @Test func `A read-back that isn't understood leaves the push pending, never with everything gone`() throws {
            let stage = try PushStage()
            for field in ["items", "product_id", "primary_photo", "photo", "color_photo"] {
                for change in ["lacks", "retyped"] {
                    // The list, the import, three questions for the task, and then the read-back.
                    let (product, client, key) = (OwnProduct.next(), nextClient(), "\(change)-\(field)@6+")
                    let sent: [String: Any] = ["images": pictures(2)]
                    let answer = try stage.push(pushBody(product, client: client, key: key, sent))
                    expectOutcome(answer, "pending", product, key)
                    #expect(try stage.ozon.paths(of: client).last == OzonMethod.picturesInfo, "\(key)")
                    let task = try #require(answer.json["data"]["task_id"].int)
                    let more = sent.merging(["task_id": task]) { $1 }
                    let asked = try stage.ask(pushBody(product, key: "\(change)-\(field)@2", more))
                    expect(asked, .ozonBadAnswer, key)
                    #expect(asked.json["detail"].string?.contains(field) == true, "\(asked.text)")
                    expectOutcome(try stage.ask(pushBody(product, more)), "confirmed", product, images: 2)
                }
            }
        }

        @Test func `A task that isn't understood is no success: pending here, OZON_BAD_ANSWER at push-status`() throws {
            let stage = try PushStage(Self.hasty)
            for change in [
                "state-archived", "state-Imported", "lacks-status", "null-status", "retyped-status", "lacks-result",
                "retyped-result", "lacks-items", "retyped-items", "retyped-errors", "other-item", "retyped-product_id",
            ] {
                let (product, client, sent) = (OwnProduct.next(), nextClient(), pictures(1))
                let body = pushBody(product, client: client, key: "\(change)@3+", ["images": sent])
                let answer = try stage.push(body)
                expectOutcome(answer, "pending", product, change)
                #expect(try stage.ozon.imports(of: client).count == 1)
                let task = try #require(answer.json["data"]["task_id"].int)
                let more: [String: Any] = ["images": sent, "task_id": task]
                let asked = try stage.ask(pushBody(product, key: change, more))
                expect(asked, .ozonBadAnswer, change)
                #expect(asked.json["detail"].string != nil)
            }
        }

        @Test func `Another product's item in the task counts for nothing`() throws {
            let (product, sent) = (OwnProduct.next(), pictures(2))
            let answer = try sandbox().site.post(.pushImages, pushBody(product, key: "more-items@3+", ["images": sent]))
            expectOutcome(answer, "confirmed", product, images: 2)
            let task = try #require(answer.json["data"]["task_id"].int)
            for key in ["more-items", "lacks-product_id@1", "text-product_id@1"] {
                let body = pushBody(product, key: key, ["task_id": task, "images": sent])
                expectOutcome(try sandbox().site.post(.pushStatus, body), "confirmed", product, images: 2, key)
            }
            expect(try sandbox().site.post(.pushStatus, pushBody(124, ["task_id": task])), .ozonBadAnswer)
        }

        @Test func `An error of a failed task that names a picture is told at that picture`() throws {
            let (product, bad) = (OwnProduct.next(), pictures(1, "bad-named")[0])
            let before = try Ozon.shared().standing(product)
            let images: [Any] = [NSNull(), pictures(1)[0], bad]
            let answer = try sandbox().site.post(.pushImages, pushBody(product, ["images": images]))
            expectOutcome(answer, "failed", product, faults: ["images[2]: Can't read \(bad)."])
            #expect(answer.json["errors"][0]["url"].string == bad)
            #expect(try Ozon.shared().standing(product) == before)
            let (other, quiet) = (OwnProduct.next(), pictures(1, "bad-quietly"))
            expectOutcome(
                try sandbox().site.post(.pushImages, pushBody(other, ["images": quiet])), "failed", other,
                faults: ["images: some_image_failed"], "imported, with an error")
        }

        @Test func `Skipped is no success where the pictures were to be fetched again`() throws {
            let (product, sent) = (OwnProduct.next(), pictures(2))
            let body = pushBody(product, key: "state-skipped@5+", ["images": sent, "refetch": true])
            let answer = try sandbox().site.post(.pushImages, body)
            let reason = "Skipped by Ozon, not fetched again"
            expectOutcome(answer, "failed", product, faults: ["images[0]: \(reason)", "images[1]: \(reason)"])
            let task = try #require(answer.json["data"]["task_id"].int)
            for (refetch, status) in [(true, "failed"), (false, "confirmed")] {
                let more: [String: Any] = ["images": sent, "refetch": refetch, "task_id": task]
                let asked = try sandbox().site.post(.pushStatus, pushBody(product, key: "state-skipped@1", more))
                #expect(asked.json["data"]["status"].string == status, "\(asked.text)")
            }
        }
    }
}
