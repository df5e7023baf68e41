// POST /api/v1/r2/multipart/create: starts a multipart upload, for large files.
//
//   in     {"r2_path": "users/u/big.jpg", "size": 104857600, "content_type"?: "image/jpeg", "part_size"?: 5242880}
//          size is 1…MAX_UPLOAD_BYTES. part_size is 5 MiB…4.995 GiB. Its default is size / 10,000 rounded up to a MiB,
//          but at least 5 MiB.
//   out    {"success": true, "data": {"upload_id", "r2_path", "part_size", "part_count",
//           "parts": [{"part_number", "size", "upload_url"}], "expires_at", "public_url"}}
//          parts are the first 100; r2-multipart-parts signs the others.
//   fails  400 for invalid fields, all of which are listed; 403 for a path outside the allowed prefixes; 502 and 504 if
//          R2 fails.
//   calls  R2's CreateMultipartUpload, for at most 50 s; nginx waits 60 s.

import Core
import Encoding
import JSON
import R2
import R2Storage
import Uploads

struct Input: RequestBody {
    let key: ObjectKey
    let plan: PartPlan
    let contentType: String?

    init(_ fields: Fields, _ tools: UploadTools) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", tools.signing.rules)
        let size = fields.uploadSize(maxBytes: tools.signing.rules.maxBytes)
        contentType = fields.contentType(tools.signing.rules)
        let plan = fields.partPlan(of: size)
        (self.key, self.plan) = try fields.require(key, plan)
    }
}

struct Output: ResponseBody, JSONWritable {
    let key: ObjectKey
    let uploadID: String
    let plan: PartPlan
    let parts: [SignedPart]
    let expiresAt: UTCTime
    let publicURL: String

    func write(to json: inout JSONWriter) {
        json.data {
            $0.member("upload_id", uploadID)
            $0.member("r2_path", key.text)
            $0.member("part_size", plan.partSize)
            $0.member("part_count", plan.count)
            $0.member("parts", parts)
            $0.member("expires_at", expiresAt.iso)
            $0.member("public_url", publicURL)
        }
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<UploadTools>) async throws -> Output {
    let signing = context.tools.signing
    let storage = context.tools.storage.limited(to: .seconds(50))
    let uploadID = try await storage.createUpload(input.key, contentType: input.contentType)
    let numbers = 1...min(input.plan.count, SignedPart.initialCount)
    return Output(
        key: input.key, uploadID: uploadID, plan: input.plan,
        parts: signing.parts(numbers, of: input.plan, key: input.key, uploadID: uploadID, at: context.time),
        expiresAt: context.time + Presigner.defaultLifetime, publicURL: signing.bucket.publicURL(of: input.key))
}

serve("r2-multipart-create", handle)
