// POST /api/v1/ozon/push-status: returns the result of a push whose status was "pending".
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "product_id": 123456, "task_id": 172549793,
//           "images"?: ["https://…"], "images360"?: ["https://…"], "color_image"?: "https://…",
//           "on_invalid"?: "reject", "refetch"?: false}
//          The fields from images to refetch are those of the push, with the same rules. Without images, "updated"
//          counts the product's current pictures. If the task has errors, a picture is confirmed only if the product
//          has it under the URL that was pushed. Ozon does not distinguish an unknown task from a pending one.
//   out    As ozon-push-images. status is pending, confirmed, partial or failed.
//   fails  400 for invalid fields and URLs, all of which are listed; 403 if Ozon denies the credential; 404 if there is
//          no such product; 429, 502 and 504 for Ozon's errors.
//   calls  Ozon: import info once, the product list if no item of the task has the product_id, and pictures info if the
//          task has finished, within OZON_PUSH_TIMEOUT in all.

import Core
import Ozon

struct Input: RequestBody {
    let credential: Credential
    let productID: Int
    let taskID: Int
    let pictures: PictureRequest
    let refetches: Bool

    init(_ fields: Fields, _ tools: PushTools) throws(InvalidFields) {
        let credential = fields.object("credential", Credential.init)
        let productID = fields.integer("product_id", in: 1...Int.max)
        let taskID = fields.integer("task_id", in: 1...Int.max)
        pictures = PictureRequest(fields, tools.rules)
        refetches = fields.bool("refetch", default: false)
        (self.credential, self.productID, self.taskID) = try fields.require(credential, productID, taskID)
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<PushTools>) async throws -> PushResult {
    try await Push(context.tools, as: input.credential).status(
        ofTask: input.taskID, input.pictures, productID: input.productID, refetches: input.refetches)
}

serve("ozon-push-status", handle)
