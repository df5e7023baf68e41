import TestSupport
import Testing

@testable import Core
@testable import JSON
@testable import Ozon

private let old = ["https://h/old1", "https://h/old2"]
private let absent = "Not among the product's pictures"

/// The result of pushing pictures a, b, … with the caller's indices 0, 2, 4, …, so that an index can't be mistaken for
/// a position. The color picture is as before unless `afterColor` is given.
private func result(
    _ images: [String], color: String? = nil, task: ImportTask.Status = .imported,
    taskErrors: [ImportTask.Problem] = [], refetches: Bool = false, before: CurrentPictures? = nil,
    after: [String], afterColor: [String]? = nil, errors: [(url: String, message: String)] = []
) -> PushResult {
    let members = images.flatMap { [#""\#(url($0))""#, "null"] }.joined(separator: ",")
    let more = color.map { #","color_image": "\#(url($0))""# } ?? ""
    let request = try! pictures(#"{"images": [\#(members)]\#(more)}"#)
    return PushVerification(
        sent: SentPictures(request, token: nil), refetches: refetches,
        task: ImportTask(status: task, errors: taskErrors), before: before,
        after: CurrentPictures(
            images: after, color: afterColor ?? before?.color ?? [],
            errors: errors.map { PictureError(url: $0.url, message: $0.message) })
    ).result(productID: 1, taskID: 7)
}

private func url(_ name: String) -> String { "https://h/\(name)" }

private func problem(_ reason: String, field: String = "images", _ texts: String...) -> ImportTask.Problem {
    ImportTask.Problem(field: field, reason: reason, texts: texts)
}

private func fault(_ index: Int?, _ name: String, _ reason: String) -> FieldFault {
    FieldFault(field: index == nil ? "color_image" : "images", index: index, url: url(name), reason: reason)
}

@Suite struct PushResultTests {
    private let before = CurrentPictures(images: old, color: ["https://h/oldc"])

    @Test func `A push is confirmed by the URLs sent or by as many URLs of Ozon's CDN`() {
        for after in [["https://h/a", "https://h/b"], ["https://cdn/1", "https://cdn/2"]] {
            let result = result(
                ["a", "b"], color: "c", before: before, after: after, afterColor: ["https://cdn/3"])
            #expect(result.status == .confirmed && result.success && result.errors.isEmpty)
            #expect(result.updatedImages == 2 && result.updatedColorImage)
            #expect(result.currentImages == after && result.taskID == 7 && result.productID == 1)
        }
    }

    @Test func `Pictures that were carried over are not counted`() {
        let colorOnly = result([], color: "c", before: before, after: old, afterColor: ["https://h/c"])
        #expect(colorOnly.updatedImages == 0 && colorOnly.updatedColorImage && colorOnly.success)
        let imagesOnly = result(["a"], before: before, after: ["https://h/a"], afterColor: ["https://h/oldc"])
        #expect(imagesOnly.updatedImages == 1 && !imagesOnly.updatedColorImage && imagesOnly.success)
    }

    @Test func `A picture that Ozon rejects is reported with its reason and the caller's index`() {
        let result = result(
            ["a", "b", "c"], color: "d", before: before, after: ["https://cdn/1", "https://cdn/3"],
            afterColor: ["https://h/oldc2"], errors: [("https://h/b", "Too small"), ("https://h/d", "")])
        #expect(result.status == .partial && !result.success)
        #expect(result.updatedImages == 2 && !result.updatedColorImage)
        #expect(result.errors == [fault(2, "b", "Too small"), fault(nil, "d", "Refused by Ozon")])
    }

    @Test func `An error about a picture that was not sent is ignored`() {
        let result = result(["a"], before: before, after: ["https://h/a"], errors: [("https://h/old1", "Too small")])
        #expect(result.status == .confirmed && result.errors.isEmpty)
    }

    @Test func `A missing picture is identified if the URLs allow it`() {
        let result = result(["a", "b", "c"], before: before, after: ["https://h/a", "https://h/c"])
        #expect(result.status == .partial && result.updatedImages == 2)
        #expect(result.errors == [fault(2, "b", absent)])
    }

    @Test func `A missing picture is only counted if the URLs are those of Ozon's CDN`() {
        let result = result(["a", "b", "c"], before: before, after: ["https://cdn/1", "https://cdn/2"])
        #expect(result.updatedImages == 2)
        #expect(result.errors == [FieldFault(field: "images", reason: "\(absent) (1 of 3)")])
    }

    @Test func `A rejected and a missing picture are each reported once`() {
        let result = result(
            ["a", "b", "c"], before: before, after: ["https://h/a"], errors: [("https://h/b", "Too small")])
        #expect(result.updatedImages == 1)
        #expect(result.errors == [fault(2, "b", "Too small"), fault(4, "c", absent)])
    }

    @Test func `A missing picture is explained by the task's errors if Ozon names none`() {
        let result = result(
            ["a", "b"], taskErrors: [problem("some_image_failed")], before: before, after: ["https://cdn/1"])
        #expect(result.status == .partial && result.updatedImages == 1)
        #expect(result.errors == [FieldFault(field: "images", reason: "some_image_failed")])
    }

    @Test func `A task's warning is not a failure if all pictures are present`() {
        let result = result(["a"], taskErrors: [problem("small")], before: before, after: ["https://cdn/1"])
        #expect(result.status == .confirmed && result.updatedImages == 1)
    }

    @Test func `An unchanged set with none of the pictures sent is not confirmed`() {
        let images = result(["a", "b"], before: before, after: old)
        #expect(images.status == .partial && images.updatedImages == 0)
        #expect(images.errors == [fault(0, "a", absent), fault(2, "b", absent)])
        for sent in [["a"], ["a", "b", "c"]] {
            let reordered = result(sent, before: before, after: old.reversed())
            #expect(reordered.status == .partial && reordered.updatedImages == 0, "the read-back has another order")
        }
        #expect(result(["a", "b"], before: before, after: old.reversed()).status == .confirmed, "they were reordered")
        let others = result(["a", "b", "c"], before: before, after: old.reversed(), errors: [("https://h/b", "Small")])
        #expect(others.updatedImages == 2 && others.errors == [fault(2, "b", "Small")])
        let color = result([], color: "c", before: before, after: old, afterColor: ["https://h/oldc"])
        #expect(color.status == .partial && !color.updatedColorImage)
        #expect(color.errors == [fault(nil, "c", absent)])
    }

    @Test func `An unchanged set with some of the pictures sent confirms only those that have their place`() {
        let unchanged = FieldFault(field: "images", reason: "The product's pictures are as before")
        let before = CurrentPictures(images: ["x", "y", "z"].map(url), color: [])
        let replaced = result(["x", "b", "c"], before: before, after: before.images)
        #expect(replaced.status == .partial && replaced.updatedImages == 1)
        #expect(replaced.errors == [fault(2, "b", absent), fault(4, "c", absent)])
        let reordered = result(["z", "y", "x"], before: before, after: before.images)
        #expect(reordered.status == .partial && reordered.updatedImages == 1 && reordered.errors == [unchanged])
        let shortened = result(["x", "y"], before: before, after: before.images)
        #expect(shortened.status == .partial && shortened.updatedImages == 2 && shortened.errors == [unchanged])
        let repeated = result(["x", "x", "y", "z"], before: before, after: before.images)
        #expect(repeated.status == .confirmed && repeated.updatedImages == 4)
        let otherOrder = result(["x", "b", "c"], before: before, after: ["x", "z", "y"].map(url))
        #expect(otherOrder.status == .partial && otherOrder.updatedImages == 1, "the read-back has another order")
        let warned = result(["x", "y", "z"], before: before, after: before.images, errors: [(url("x"), "Small")])
        #expect(warned.updatedImages == 3 && warned.errors == [fault(0, "x", "Small")], "all are there")
    }

    @Test func `A URL that was sent twice may be found once`() {
        let before = CurrentPictures(images: [url("x")], color: [])
        let mixed = result(["x", "x", "b"], before: before, after: [url("x"), "https://cdn/1"])
        #expect(mixed.status == .confirmed && mixed.updatedImages == 3)
        let stored = result(["a", "a", "b"], before: before, after: ["https://cdn/1", "https://cdn/2"])
        #expect(stored.status == .confirmed && stored.updatedImages == 3)
        let missing = result(["a", "a", "b"], before: before, after: ["https://cdn/1"])
        #expect(missing.status == .partial && missing.updatedImages == 2)
    }

    @Test func `A set that is as before because Ozon rejected the rest is not reported again`() {
        let before = CurrentPictures(images: [url("x")], color: [])
        let result = result(["a", "x"], before: before, after: before.images, errors: [(url("a"), "Small")])
        #expect(result.status == .partial && result.updatedImages == 1 && result.errors == [fault(0, "a", "Small")])
    }

    @Test func `Pictures that stayed do not count as new if the task has errors`() {
        let before = CurrentPictures(images: ["x", "y", "z"].map(url), color: [])
        let warning = [problem("some_image_failed")]
        for first in [url("a"), "https://cdn/1"] {
            let some = result(
                ["a", "b", "c"], taskErrors: warning, before: before, after: [first, url("y"), url("z")])
            #expect(some.status == .partial && some.updatedImages == 1)
            #expect(some.errors == [FieldFault(field: "images", reason: "some_image_failed")])
        }
        let all = result(["a", "b"], taskErrors: warning, before: before, after: [url("a"), "https://cdn/1"])
        #expect(all.status == .confirmed && all.updatedImages == 2)
    }

    @Test func `Pushing the same set again is confirmed, and so is a push that Ozon skipped`() {
        let same = result(["old1", "old2"], before: before, after: old)
        #expect(same.status == .confirmed && same.updatedImages == 2)
        let skipped = result(
            ["a", "b"], color: "c", task: .skipped, before: before, after: old, afterColor: ["https://h/oldc"])
        #expect(skipped.status == .confirmed && skipped.updatedImages == 2 && skipped.updatedColorImage)
    }

    @Test func `A product without pictures before and after is not confirmed`() {
        let result = result(["a"], before: CurrentPictures(images: [], color: []), after: [])
        #expect(result.status == .partial && result.updatedImages == 0)
        #expect(result.errors == [fault(0, "a", absent)])
    }

    @Test func `Without the previous pictures the counts decide if the task has no errors`() {
        #expect(result(["a", "b"], before: nil, after: old).updatedImages == 2)
        #expect(result(["a", "b"], before: nil, after: ["https://cdn/1"]).status == .partial)
    }

    @Test func `Without the previous pictures a task with errors confirms only the URLs sent`() {
        let all = [problem("warning_all_image_failed")]
        let expected = [FieldFault(field: "images", reason: "warning_all_image_failed")]
        let kept = result(["a", "b"], color: "c", taskErrors: all, after: old, afterColor: ["https://h/oldc"])
        #expect(
            kept.status == .partial && kept.updatedImages == 0 && !kept.updatedColorImage && kept.errors == expected)
        let some = result(["a", "b"], taskErrors: all, after: [url("a"), "https://cdn/2"])
        #expect(some.status == .partial && some.updatedImages == 1 && some.errors == expected)
        let there = result(["a"], color: "c", taskErrors: all, after: [url("a")], afterColor: [url("c")])
        #expect(there.status == .confirmed && there.updatedImages == 1 && there.updatedColorImage)
        let skipped = result(["a", "b"], task: .skipped, taskErrors: all, after: old)
        #expect(skipped.status == .confirmed && skipped.updatedImages == 2)
    }

    @Test func `Without the caller's list a task's errors are reported beside the current pictures`() throws {
        let after = CurrentPictures(images: old, color: [])
        let task = ImportTask(status: .imported, errors: [problem("warning_all_image_failed")])
        let sent = SentPictures(try pictures("{}"), token: nil, orAllOf: after)
        let result = PushVerification(sent: sent, refetches: false, task: task, before: nil, after: after)
            .result(productID: 1, taskID: 7)
        #expect(result.status == .partial && result.updatedImages == 2)
        #expect(result.errors == [FieldFault(field: "images", reason: "warning_all_image_failed")])
    }

    @Test func `No more pictures are counted than were sent`() {
        #expect(result(["a"], before: before, after: ["https://cdn/1", "https://cdn/2"]).updatedImages == 1)
    }

    @Test func `A failed task counts nothing and reports Ozon's reasons or a default`() {
        let explained = result(
            ["a"], color: "c", task: .failed, taskErrors: [problem("all_image_failed", field: "color_image")],
            before: before, after: old, afterColor: ["https://h/oldc"])
        #expect(
            explained.status == .failed && !explained.success && explained.updatedImages == 0
                && !explained.updatedColorImage)
        #expect(explained.errors == [FieldFault(field: "color_image", reason: "all_image_failed")])
        #expect(explained.currentImages == old)
        let unexplained = result(["a"], task: .failed, before: before, after: old)
        #expect(unexplained.errors == [FieldFault(field: "images", reason: "Refused by Ozon")])
    }

    @Test func `An error of a failed task is assigned to the picture it names`() {
        let errors = [
            problem("Broken", "See \(url("b")), please"), problem("Tiny", url("bb")), problem("Gray", url("c")),
            problem("Other"),
        ]
        let some = result(
            ["a", "b", "bb"], color: "c", task: .failed, taskErrors: errors, before: before, after: old)
        #expect(
            some.errors == [
                fault(2, "b", "Broken"), fault(4, "bb", "Tiny"), fault(nil, "c", "Gray"),
                FieldFault(field: "images", reason: "Other"),
            ])
        let all = result(["b"], task: .failed, taskErrors: errors, before: before, after: old)
        #expect(all.errors == [fault(0, "b", "Broken")], "errors of other pictures are left out")
        let carried = result(
            [], color: "c", task: .failed, taskErrors: [problem("Gone", url("old2"))], before: before, after: old)
        #expect(carried.errors == [FieldFault(field: "images", url: url("old2"), reason: "Gone")])
    }

    @Test func `A warning that names a picture means that it failed, unless it is present`() {
        let warned = result(
            ["a", "b"], taskErrors: [problem("Small", url("b"))], before: before, after: ["https://cdn/1"])
        #expect(warned.status == .partial && warned.updatedImages == 1 && warned.errors == [fault(2, "b", "Small")])
        let there = result(
            ["a", "b"], taskErrors: [problem("Small", url("b"))], before: before, after: [url("a"), url("b")])
        #expect(there.status == .confirmed && there.updatedImages == 2)
    }

    @Test func `A skipped push is not a success if the pictures were to be fetched again`() {
        let skipped = result(
            ["a"], color: "c", task: .skipped, refetches: true, before: before, after: ["https://h/a"])
        let reason = "Skipped by Ozon, not fetched again"
        #expect(
            skipped.status == .failed && !skipped.success && skipped.updatedImages == 0 && !skipped.updatedColorImage)
        #expect(skipped.errors == [fault(0, "a", reason), fault(nil, "c", reason)])
    }

    @Test func `Pending and unchanged are successes, and every member is written to the JSON`() {
        #expect(PushResult(productID: 1, status: .pending, taskID: 7).success)
        #expect(
            text(JSONWriter.bytes(PushResult(productID: 1, status: .unchanged, currentImages: ["u/"])))
                == #"{"success":true,"data":{"product_id":1,"updated":{"images":0,"images360":0,"color_image":false},"#
                + #""current_images":["u/"],"status":"unchanged"}}"#)
        let partial = result(["a", "b"], before: before, after: ["https://h/a"])
        #expect(
            text(JSONWriter.bytes(partial))
                == #"{"success":false,"data":{"product_id":1,"updated":{"images":1,"images360":0,"color_image":false},"#
                + #""current_images":["https://h/a"],"status":"partial","task_id":7},"#
                + #""errors":[{"field":"images","index":2,"url":"https://h/b","reason":"\#(absent)"}]}"#)
        var pending = PushResult(productID: 1, status: .pending, taskID: 7)
        pending.detail = "why"
        #expect(text(JSONWriter.bytes(pending)).hasSuffix(#""status":"pending","task_id":7},"detail":"why"}"#))
        var warned = PushResult(productID: 1, status: .confirmed)
        warned.warnings = [FieldFault(field: "images", index: 0, url: "u", reason: "r")]
        #expect(warned.success)
        #expect(
            text(JSONWriter.bytes(warned)).hasSuffix(
                #""warnings":[{"field":"images","index":0,"url":"u","reason":"r"}]}"#))
    }
}
