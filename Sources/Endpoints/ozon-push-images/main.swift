// POST /api/v1/ozon/push-images: replaces a product's pictures on Ozon and reads them back to confirm it.
//
//   in     {"credential": {"client_id": "…", "api_key": "…"}, "product_id": 123456, "images"?: ["https://…"],
//           "images360"?: ["https://…"], "color_image"?: "https://…", "on_invalid"?: "reject", "refetch"?: false}
//          Nulls and empty strings are ignored. A URL must be http or https, with at most 2048 bytes. If on_invalid is
//          "skip", invalid URLs are reported and the valid ones are pushed. The first OZON_MAX_IMAGES images are pushed
//          and the others reported. images360 requires v1 of Ozon's API, and is only reported with v2. If refetch is
//          true, a query is added to each URL, so that Ozon fetches the picture again.
//   out    {"success": true, "data": {"product_id": 123456,
//           "updated": {"images": 5, "images360": 0, "color_image": true}, "current_images": ["…"],
//           "status": "confirmed", "task_id": 172549793}}
//          status is confirmed, partial, failed, pending (ozon-push-status returns the result later) or unchanged
//          (there was nothing to push). A partial failure is 200 with "success": false, the counts of what was
//          confirmed, and errors: [{field, index?, url?, reason}].
//          warnings: [{field, index?, url, reason}] lists pictures that were pushed, but that Ozon may not
//          accept: those whose URL has the extension of another format than JPG or PNG (color_image: JPG), and those
//          carried over from a temporary address of Ozon's CDN. detail is the reason why the result of a pending push
//          could not be read.
//   fails  400 for invalid fields and URLs, all of which are listed; 403 if Ozon denies the credential; 404 if there is
//          no such product; 409 if the product is archived or not yet created, or an earlier push is pending; 429, 502
//          and 504 for Ozon's errors; 504 also if another push of the product leaves too little time.
//   calls  Ozon: the product list, pictures import, import info until the task finishes, and pictures info, within
//          OZON_PUSH_TIMEOUT in all. Ozon replaces the whole set, so the images or the color_image that the caller
//          leaves out are read and sent again. If they can't be read, nothing is sent. The pushes of a product run one
//          after another, among all processes that share systemd's runtime directory, and waiting counts toward the
//          timeout. If an earlier push is pending and replaces pictures that this one carries over, it is waited for,
//          and nothing is sent unless it ends in time. For two minutes after an import whose response was lost, such a
//          push is rejected at once.

import Core
import Encoding
import Ozon

struct Input: RequestBody {
    let credential: Credential
    let productID: Int
    let pictures: PictureRequest
    let refetches: Bool

    init(_ fields: Fields, _ tools: PushTools) throws(InvalidFields) {
        let credential = fields.object("credential", Credential.init)
        let productID = fields.integer("product_id", in: 1...Int.max)
        pictures = PictureRequest(fields, tools.rules)
        refetches = fields.bool("refetch", default: false)
        (self.credential, self.productID) = try fields.require(credential, productID)
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<PushTools>) async throws -> PushResult {
    try await Push(context.tools, as: input.credential).run(
        input.pictures, productID: input.productID, refetchToken: input.refetches ? context.time.seconds : nil)
}

serve("ozon-push-images", handle)
