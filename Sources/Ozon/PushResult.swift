import Core
import JSON

/// The result of a push. Every result is HTTP 200; `success` and `errors` show a partial failure.
///
///     {"success": true, "data": {"product_id": 123456, "updated": {"images": 5, "images360": 0, "color_image": true},
///      "current_images": ["…"], "status": "confirmed", "task_id": 172549793}}
package struct PushResult: ResponseBody, JSONWritable {
    package enum Status: String, Sendable {
        /// All pictures that were sent were read back.
        case confirmed
        /// Some pictures, perhaps all, were not confirmed; `errors` has them.
        case partial
        /// Ozon's task failed as a whole, or skipped the pictures that it should fetch again.
        case failed
        /// The result is not known yet. If there is a task, ozon-push-status returns its result.
        case pending
        /// There was nothing to push.
        case unchanged
    }

    package let productID: Int
    package var status: Status
    package var updatedImages = 0
    package var updatedImages360 = 0
    package var updatedColorImage = false
    package var taskID: Int?
    package var currentImages: [String]?
    package var errors: [FieldFault] = []
    /// Pictures that were sent, but that Ozon may not accept. They don't count as a failure.
    package var warnings: [FieldFault] = []
    /// Why Ozon couldn't be polled until the task finished, or why the pictures couldn't be read back. Only with
    /// `pending`.
    package var detail: String?

    package var success: Bool { errors.isEmpty && status != .failed && status != .partial }

    /// Adds the pictures that were not pushed.
    func addingErrors(_ faults: [FieldFault]) -> PushResult {
        var result = self
        result.errors = faults + errors
        if !result.errors.isEmpty, status == .confirmed { result.status = .partial }
        return result
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("success", success)
            $0.member("data") { json in
                json.object {
                    $0.member("product_id", productID)
                    $0.member("updated") { json in
                        json.object {
                            $0.member("images", updatedImages)
                            $0.member("images360", updatedImages360)
                            $0.member("color_image", updatedColorImage)
                        }
                    }
                    $0.member("current_images", ifAny: currentImages)
                    $0.member("status", status.rawValue)
                    $0.member("task_id", ifAny: taskID)
                }
            }
            $0.member("detail", ifAny: detail)
            if !errors.isEmpty { $0.member("errors", errors) }
            if !warnings.isEmpty { $0.member("warnings", warnings) }
        }
    }
}
