// POST /api/v1/r2/multipart/complete: makes one object of the parts, after checking what R2 would only find out then.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…", "size"?: 104857600, "parts"?: [{"part_number": 1, "etag": "…"}]}
//          parts: what the browser sent; without it, what R2 holds. etag: hex, with or without quotes.
//   out    {"success": true, "data": {"public_url", "etag", "size"}}
//          Sent again after an answer was lost, it succeeds if the object has that size and was made of parts, of those
//          given if any are; whatever else is stored there is 404.
//   fails  400 every bad field; a part missing, repeated, uneven or too small; a sum unlike size: nothing is completed then ·
//          403 path outside the allowed prefixes · 404 R2 doesn't know the upload · 502, 504 R2
//   calls  R2: ListParts, CompleteMultipartUpload, and HEAD of the object.

import Core
import JSON
import R2
import R2Storage

struct Input: RequestBody {
    let key: ObjectKey
    let uploadID: String
    let size: Int?
    let parts: [ClaimedPart]?

    init(_ fields: Fields, _ tools: UploadTools) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", tools.signing.rules)
        let uploadID = fields.uploadID()
        size = fields.integer("size", in: 1...PartPlan.maxBytes, required: false)
        parts = fields.objects("parts", limit: PartPlan.maxParts, required: false) { part throws(InvalidFields) in
            try ClaimedPart(part)
        }
        (self.key, self.uploadID) = try fields.require(key, uploadID)
    }
}

struct Output: ResponseBody, JSONWritable {
    let publicURL: String
    let etag: String
    let size: Int

    func write(to json: inout JSONWriter) {
        json.data {
            $0.member("public_url", publicURL)
            $0.member("etag", etag)
            $0.member("size", size)
        }
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<UploadTools>) async throws -> Output {
    let completion = Completion(storage: context.tools.storage, key: input.key, uploadID: input.uploadID)
    let object = try await completion.run(size: input.size, claimed: input.parts)
    return Output(
        publicURL: context.tools.signing.bucket.publicURL(of: input.key), etag: object.etag, size: object.size)
}

serve("r2-multipart-complete", maxBodyBytes: 4 << 20, handle)
