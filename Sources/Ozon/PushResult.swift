import Core
import JSON

/// What a push came to. HTTP 200 in every case: `success` and `errors` tell a partial failure.
///
///     {"success": true, "data": {"product_id": 123456, "updated": {"images": 5, "images360": 0, "color_image": true},
///      "current_images": ["…"], "status": "confirmed", "task_id": 172549793}}
package struct PushResult: ResponseBody, JSONWritable {
    package enum Status: String, Sendable {
        /// Read back: everything that was sent stands.
        case confirmed
        /// Some of it does; `errors` has the rest.
        case partial
        /// Ozon's task failed altogether.
        case failed
        /// Ozon is still at it: ozon-push-status tells.
        case pending
        /// There was nothing to push.
        case unchanged
    }

    package let productID: Int
    package var status: Status
    package var images = 0
    package var images360 = 0
    package var color = false
    package var currentImages: [String]?
    package var taskID: Int?
    package var errors: [FieldFault] = []
    /// Pictures that were sent, but that Ozon may be unable to take. They don't make a failure.
    package var warnings: [FieldFault] = []
    /// With `pending`: why Ozon couldn't be polled to the end.
    package var detail: String?

    package init(productID: Int, status: Status, taskID: Int? = nil, currentImages: [String]? = nil) {
        self.productID = productID
        self.status = status
        self.taskID = taskID
        self.currentImages = currentImages
    }

    package var success: Bool { errors.isEmpty && status != .failed && status != .partial }

    /// With what was left out of the push before it began.
    func reporting(_ reports: [FieldFault]) -> PushResult {
        var outcome = self
        outcome.errors = reports + errors
        if !outcome.errors.isEmpty, status == .confirmed { outcome.status = .partial }
        return outcome
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("success", success)
            $0.member("data") { json in
                json.object {
                    $0.member("product_id", productID)
                    $0.member("updated") { json in
                        json.object {
                            $0.member("images", images)
                            $0.member("images360", images360)
                            $0.member("color_image", color)
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
