// POST /api/v1/r2/multipart/complete: creates one object from the parts, after checking them against R2's rules.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…", "size"?: 104857600,
//           "parts"?: [{"part_number": 1, "etag": "…"}]}
//          parts lists those that the browser sent. If it is absent, all parts that R2 has are used. etag is
//          hexadecimal, with or without quotes.
//   out    {"success": true, "data": {"public_url", "etag", "size"}}
//          If a response was lost, the request may be repeated. It succeeds if the stored object was made of the given
//          parts and has the given size. Without parts, size is required. Otherwise it fails with 404.
//   fails  400 for invalid fields, for parts that are missing, repeated, unequal or too small, and for a size that
//          differs from their sum, all of which are listed (the upload stays incomplete); 403 for a path outside the
//          allowed prefixes; 404 if R2 has no such upload; 502 and 504 if R2 fails.
//   calls  R2's ListParts, CompleteMultipartUpload and HeadObject, for at most 220 s together; nginx waits 240 s.

import Core
import JSON
import R2
import R2Storage
import Uploads

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
    let storage = context.tools.storage.limited(to: .seconds(220))
    let completion = Completion(storage: storage, key: input.key, uploadID: input.uploadID)
    let object = try await completion.run(size: input.size, claimed: input.parts)
    return Output(
        publicURL: context.tools.signing.bucket.publicURL(of: input.key), etag: object.etag, size: object.size)
}

serve("r2-multipart-complete", maxBodyBytes: 4 << 20, handle)
