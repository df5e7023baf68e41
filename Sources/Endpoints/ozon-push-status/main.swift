// POST /api/v1/ozon/push-status: what became of a push whose answer was "pending".
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "product_id": 123456, "task_id": 172549793,
//           "images"?: ["https://…"], "color_image"?: "https://…", "refetch"?: false}
//          images, color_image, refetch: as they were pushed; without images, "updated" tells what now stands. If the task
//          has errors, only pictures that stand under the URLs that were pushed are confirmed.
//          Ozon answers a task it doesn't know as one that is pending.
//   out    as ozon-push-images: status pending, confirmed, partial or failed.
//   fails  400 every bad field · 403 Ozon refuses the credential · 404 no such product · 429, 502, 504 Ozon
//                                                                                 (401, 405, 413, 415, 5xx: Core/Fault.swift)
//   calls  Ozon: import info once; the product list, if no item of the task has the product_id; pictures info, if the task
//          has ended; OZON_PUSH_TIMEOUT in all.

import Core
import Ozon

struct Ask: RequestBody {
    let credential: Credential
    let productID: Int
    let taskID: Int
    let pictures: PictureRequest
    let refetch: Bool

    init?(_ fields: Fields, _ tools: Pushing) {
        let credential = Credential(fields.object("credential"))
        let productID = fields.integer("product_id", in: 1...Int.max)
        let taskID = fields.integer("task_id", in: 1...Int.max)
        pictures = PictureRequest(fields, tools.rules)
        refetch = fields.bool("refetch", default: false)
        guard let credential, let productID, let taskID else { return nil }
        self.credential = credential
        self.productID = productID
        self.taskID = taskID
    }
}

@Sendable func answer(_ ask: Ask, _ call: Call<Pushing>) async throws -> PushOutcome {
    try await Push(call.tools.seller, call.tools.rules, as: ask.credential).status(
        of: ask.taskID, ask.pictures, productID: ask.productID, refetches: ask.refetch)
}

serve("ozon-push-status", answer)
