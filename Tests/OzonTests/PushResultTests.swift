import TestSupport
import Testing

@testable import Core
@testable import JSON
@testable import Ozon

private let old = ["https://h/old1", "https://h/old2"]
private let absent = "Not among the product's pictures"

/// A comparison of pictures a, b, … with the caller's indexes 0, 2, 4, …, so that an index can't be mistaken for a
/// position. The color picture is as before unless `afterColor` is given.
private func outcome(
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

@Suite struct PushOutcomeTests {
    private let before = CurrentPictures(images: old, color: ["https://h/oldc"])

    @Test func `All stand under the URLs sent, or under those of Ozon's CDN: confirmed`() {
        for after in [["https://h/a", "https://h/b"], ["https://cdn/1", "https://cdn/2"]] {
            let outcome = outcome(
                ["a", "b"], color: "c", before: before, after: after, afterColor: ["https://cdn/3"])
            #expect(outcome.status == .confirmed && outcome.success && outcome.errors.isEmpty)
            #expect(outcome.updatedImages == 2 && outcome.updatedColorImage)
            #expect(outcome.currentImages == after && outcome.taskID == 7 && outcome.productID == 1)
        }
    }

    @Test func `What only was taken along isn't counted`() {
        let colorOnly = outcome([], color: "c", before: before, after: old, afterColor: ["https://h/c"])
        #expect(colorOnly.updatedImages == 0 && colorOnly.updatedColorImage && colorOnly.success)
        let imagesOnly = outcome(["a"], before: before, after: ["https://h/a"], afterColor: ["https://h/oldc"])
        #expect(imagesOnly.updatedImages == 1 && !imagesOnly.updatedColorImage && imagesOnly.success)
    }

    @Test func `A picture Ozon names is reported with its reason and the caller's index, and not counted`() {
        let outcome = outcome(
            ["a", "b", "c"], color: "d", before: before, after: ["https://cdn/1", "https://cdn/3"],
            afterColor: ["https://h/oldc2"], errors: [("https://h/b", "Too small"), ("https://h/d", "")])
        #expect(outcome.status == .partial && !outcome.success)
        #expect(outcome.updatedImages == 2 && !outcome.updatedColorImage)
        #expect(outcome.errors == [fault(2, "b", "Too small"), fault(nil, "d", "Rejected by Ozon")])
    }

    @Test func `An error about a picture that wasn't sent is nobody's`() {
        let outcome = outcome(["a"], before: before, after: ["https://h/a"], errors: [("https://h/old1", "Too small")])
        #expect(outcome.status == .confirmed && outcome.errors.isEmpty)
    }

    @Test func `A picture that vanished without a word is named where the URLs tell`() {
        let outcome = outcome(["a", "b", "c"], before: before, after: ["https://h/a", "https://h/c"])
        #expect(outcome.status == .partial && outcome.updatedImages == 2)
        #expect(outcome.errors == [fault(2, "b", absent)])
    }

    @Test func `A picture that vanished is only counted where the URLs are Ozon's`() {
        let outcome = outcome(["a", "b", "c"], before: before, after: ["https://cdn/1", "https://cdn/2"])
        #expect(outcome.updatedImages == 2)
        #expect(outcome.errors == [FieldFault(field: "images", reason: "\(absent) (1 of 3)")])
    }

    @Test func `One refused and one vanished: both are reported, each once`() {
        let outcome = outcome(
            ["a", "b", "c"], before: before, after: ["https://h/a"], errors: [("https://h/b", "Too small")])
        #expect(outcome.updatedImages == 1)
        #expect(outcome.errors == [fault(2, "b", "Too small"), fault(4, "c", absent)])
    }

    @Test func `What the task tells explains what is missing, where no picture is named`() {
        let outcome = outcome(
            ["a", "b"], taskErrors: [problem("some_image_failed")], before: before, after: ["https://cdn/1"])
        #expect(outcome.status == .partial && outcome.updatedImages == 1)
        #expect(outcome.errors == [FieldFault(field: "images", reason: "some_image_failed")])
    }

    @Test func `A task's warning while everything stands is no failure`() {
        let outcome = outcome(["a"], taskErrors: [problem("small")], before: before, after: ["https://cdn/1"])
        #expect(outcome.status == .confirmed && outcome.updatedImages == 1)
    }

    @Test func `A set that is what it was before, with none of what was sent, isn't confirmed`() {
        let images = outcome(["a", "b"], before: before, after: old)
        #expect(images.status == .partial && images.updatedImages == 0)
        #expect(images.errors == [fault(0, "a", absent), fault(2, "b", absent)])
        let color = outcome([], color: "c", before: before, after: old, afterColor: ["https://h/oldc"])
        #expect(color.status == .partial && !color.updatedColorImage)
        #expect(color.errors == [fault(nil, "c", absent)])
    }

    @Test func `The same set pushed again is confirmed: it stands; so does what Ozon skipped`() {
        let same = outcome(["old1", "old2"], before: before, after: old)
        #expect(same.status == .confirmed && same.updatedImages == 2)
        let skipped = outcome(
            ["a", "b"], color: "c", task: .skipped, before: before, after: old, afterColor: ["https://h/oldc"])
        #expect(skipped.status == .confirmed && skipped.updatedImages == 2 && skipped.updatedColorImage)
    }

    @Test func `A product that had no pictures and has none now confirms nothing`() {
        let outcome = outcome(["a"], before: CurrentPictures(images: [], color: []), after: [])
        #expect(outcome.status == .partial && outcome.updatedImages == 0)
        #expect(outcome.errors == [fault(0, "a", absent)])
    }

    @Test func `Without knowing what stood before, numbers decide, as long as the task has no errors`() {
        #expect(outcome(["a", "b"], before: nil, after: old).updatedImages == 2)
        #expect(outcome(["a", "b"], before: nil, after: ["https://cdn/1"]).status == .partial)
    }

    @Test func `Without knowing what stood before, a task with errors confirms only what stands as it was sent`() {
        let all = [problem("warning_all_image_failed")]
        let told = [FieldFault(field: "images", reason: "warning_all_image_failed")]
        let kept = outcome(["a", "b"], color: "c", taskErrors: all, after: old, afterColor: ["https://h/oldc"])
        #expect(kept.status == .partial && kept.updatedImages == 0 && !kept.updatedColorImage && kept.errors == told)
        let some = outcome(["a", "b"], taskErrors: all, after: [url("a"), "https://cdn/2"])
        #expect(some.status == .partial && some.updatedImages == 1 && some.errors == told)
        let there = outcome(["a"], color: "c", taskErrors: all, after: [url("a")], afterColor: [url("c")])
        #expect(there.status == .confirmed && there.updatedImages == 1 && there.updatedColorImage)
        let skipped = outcome(["a", "b"], task: .skipped, taskErrors: all, after: old)
        #expect(skipped.status == .confirmed && skipped.updatedImages == 2)
    }

    @Test func `Without the caller's list either, a task's errors are told beside what stands`() throws {
        let after = CurrentPictures(images: old, color: [])
        let task = ImportTask(status: .imported, errors: [problem("warning_all_image_failed")])
        let sent = SentPictures(try pictures("{}"), token: nil, orAllOf: after)
        let outcome = PushVerification(sent: sent, refetches: false, task: task, before: nil, after: after)
            .result(productID: 1, taskID: 7)
        #expect(outcome.status == .partial && outcome.updatedImages == 2)
        #expect(outcome.errors == [FieldFault(field: "images", reason: "warning_all_image_failed")])
    }

    @Test func `More stand than were sent: no more are counted`() {
        #expect(outcome(["a"], before: before, after: ["https://cdn/1", "https://cdn/2"]).updatedImages == 1)
    }

    @Test func `A failed task counts nothing and tells Ozon's reasons, or that there are none`() {
        let told = outcome(
            ["a"], color: "c", task: .failed, taskErrors: [problem("all_image_failed", field: "color_image")],
            before: before,
            after: old, afterColor: ["https://h/oldc"])
        #expect(told.status == .failed && !told.success && told.updatedImages == 0 && !told.updatedColorImage)
        #expect(told.errors == [FieldFault(field: "color_image", reason: "all_image_failed")])
        #expect(told.currentImages == old)
        let untold = outcome(["a"], task: .failed, before: before, after: old)
        #expect(untold.errors == [FieldFault(field: "images", reason: "Rejected by Ozon")])
    }

    @Test func `A failed task's error that names a picture is put at it; the rest is told as it is`() {
        let errors = [
            problem("Broken", "See \(url("b")), please"), problem("Tiny", url("bb")), problem("Gray", url("c")),
            problem("Other"),
        ]
        let some = outcome(
            ["a", "b", "bb"], color: "c", task: .failed, taskErrors: errors, before: before, after: old)
        #expect(
            some.errors == [
                fault(2, "b", "Broken"), fault(4, "bb", "Tiny"), fault(nil, "c", "Gray"),
                FieldFault(field: "images", reason: "Other"),
            ])
        let all = outcome(["b"], task: .failed, taskErrors: errors, before: before, after: old)
        #expect(all.errors == [fault(0, "b", "Broken")], "explained")
        let carried = outcome(
            [], color: "c", task: .failed, taskErrors: [problem("Gone", url("old2"))], before: before, after: old)
        #expect(carried.errors == [FieldFault(field: "images", url: url("old2"), reason: "Gone")])
    }

    @Test func `A warning that names a picture means that it failed, unless it is there`() {
        let warned = outcome(
            ["a", "b"], taskErrors: [problem("Small", url("b"))], before: before, after: ["https://cdn/1"])
        #expect(warned.status == .partial && warned.updatedImages == 1 && warned.errors == [fault(2, "b", "Small")])
        let there = outcome(
            ["a", "b"], taskErrors: [problem("Small", url("b"))], before: before, after: [url("a"), url("b")])
        #expect(there.status == .confirmed && there.updatedImages == 2)
    }

    @Test func `Skipped is no success where the pictures were to be fetched again`() {
        let skipped = outcome(
            ["a"], color: "c", task: .skipped, refetches: true, before: before, after: ["https://h/a"])
        let reason = "Skipped by Ozon, not fetched again"
        #expect(
            skipped.status == .failed && !skipped.success && skipped.updatedImages == 0 && !skipped.updatedColorImage)
        #expect(skipped.errors == [fault(0, "a", reason), fault(nil, "c", reason)])
    }

    @Test func `Pending and unchanged are successes; the answer in JSON`() {
        #expect(PushResult(productID: 1, status: .pending, taskID: 7).success)
        #expect(
            text(JSONWriter.bytes(PushResult(productID: 1, status: .unchanged, currentImages: ["u/"])))
                == #"{"success":true,"data":{"product_id":1,"updated":{"images":0,"images360":0,"color_image":false},"#
                + #""current_images":["u/"],"status":"unchanged"}}"#)
        let partial = outcome(["a", "b"], before: before, after: ["https://h/a"])
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
