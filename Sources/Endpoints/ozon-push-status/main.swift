// POST /api/v1/ozon/push-status: what became of a push whose answer was "pending".
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "product_id": 123456, "task_id": 172549793,
//           "images"?: ["https://…"], "color_image"?: "https://…", "refetch"?: false}
//          images, color_image, refetch: as they were pushed; without images, "updated" tells what now stands. If the task
//          has errors, only pictures that stand under the URLs that were pushed are confirmed.
//          Ozon answers a task it doesn't know as one that is pending.
//   out    as ozon-push-images: status pending, confirmed, partial or failed.
//   fails  400 every bad field · 403 Ozon refuses the credential · 404 no such product · 429, 502, 504 Ozon
//   calls  Ozon: import info once; the product list, if no item of the task has the product_id; pictures info, if the task
//          has ended; OZON_PUSH_TIMEOUT in all.

import Core
import Ozon

struct Input: RequestBody {
    let credential: Credential
    let productID: Int
    let taskID: Int
    let pictures: PictureRequest
    let refetch: Bool

    init(_ fields: Fields, _ tools: PushTools) throws(InvalidFields) {
        let credential = fields.object("credential", Credential.init)
        let productID = fields.integer("product_id", in: 1...Int.max)
        let taskID = fields.integer("task_id", in: 1...Int.max)
        pictures = PictureRequest(fields, tools.rules)
        refetch = fields.bool("refetch", default: false)
        (self.credential, self.productID, self.taskID) = try fields.require(credential, productID, taskID)
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<PushTools>) async throws -> PushResult {
    try await Push(context.tools.seller, context.tools.rules, as: input.credential).status(
        of: input.taskID, input.pictures, productID: input.productID, refetches: input.refetch)
}

serve("ozon-push-status", handle)
