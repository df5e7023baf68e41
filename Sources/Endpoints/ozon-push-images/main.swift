// POST /api/v1/ozon/push-images: replaces a product's pictures on Ozon, and confirms it by reading back.
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "product_id": 123456, "images"?: ["https://…"],
//           "images360"?: ["https://…"], "color_image"?: "https://…", "on_invalid"?: "reject", "refetch"?: false}
//          nulls and empty strings don't count; URLs: http(s), at most 2048 bytes; on_invalid "skip" pushes the good ones.
//   out    {"success": true, "data": {"product_id": 123456, "updated": {"images": 5, "images360": 0, "color_image": true},
//           "current_images": ["…"], "status": "confirmed", "task_id": 172549793}}
//          status: confirmed, partial, failed, pending (ask ozon-push-status), unchanged (nothing to push). With pending,
//          detail: why Ozon could not be polled to the end, if that is so.
//          A partial failure is 200 with "success": false, the true counts, and errors: [{field, index?, url?, reason}].
//          Over OZON_MAX_IMAGES images the first are pushed and the rest reported. images360: v1 of Ozon's API alone.
//          warnings: [{field, index?, url, reason}] names pictures that were pushed, but that Ozon may be unable to take:
//          in a format other than JPG or PNG (color_image: JPG), or carried over from a temporary address of its CDN.
//   fails  400 every bad field, bad URLs among them · 403 Ozon refuses the credential · 404 no such product · 409 archived, not
//          yet created, or an earlier push still pending · 429, 502, 504 Ozon
//   calls  Ozon: product list, pictures import, import info until the task ends, pictures info; OZON_PUSH_TIMEOUT in all.
//          What the caller left out (images, color_image) is carried over as it is: Ozon replaces the whole set. If it can't
//          be read, nothing is sent. Pushes of one product take turns, in one process; waiting counts against the time.
//          One that was pending and replaces what this one carries over is waited for; if it doesn't end, nothing is sent.

import Core
import Ozon

struct Input: RequestBody {
    let credential: Credential
    let productID: Int
    let pictures: PictureRequest
    let refetch: Bool

    init(_ fields: Fields, _ tools: PushTools) throws(InvalidFields) {
        let credential = fields.object("credential", Credential.init)
        let productID = fields.integer("product_id", in: 1...Int.max)
        pictures = PictureRequest(fields, tools.rules)
        refetch = fields.bool("refetch", default: false)
        (self.credential, self.productID) = try fields.require(credential, productID)
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<PushTools>) async throws -> PushResult {
    try await Push(context.tools.seller, context.tools.rules, as: input.credential).run(
        input.pictures, productID: input.productID, refetchMark: input.refetch ? context.time.seconds : nil)
}

serve("ozon-push-images", handle)
