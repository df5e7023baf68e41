// POST /api/v1/r2/multipart/abort: aborts an upload, whose parts R2 then deletes. Idempotent.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…"}
//   out    {"success": true, "data": {}}
//   fails  400 for invalid fields, all of which are listed; 403 for a path outside the allowed prefixes; 502 and 504 if
//          R2 fails.
//   calls  R2's AbortMultipartUpload, for at most 50 s; nginx waits 60 s.

import Core
import JSON
import R2
import R2Storage
import Uploads

struct Input: RequestBody {
    let key: ObjectKey
    let uploadID: String

    init(_ fields: Fields, _ tools: UploadTools) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", tools.signing.rules)
        let uploadID = fields.uploadID()
        (self.key, self.uploadID) = try fields.require(key, uploadID)
    }
}

struct Output: ResponseBody, JSONWritable {
    func write(to json: inout JSONWriter) {
        json.data { _ in }
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<UploadTools>) async throws -> Output {
    let storage = context.tools.storage.limited(to: .seconds(50))
    try await storage.abortUpload(input.key, upload: input.uploadID)
    return Output()
}

serve("r2-multipart-abort", handle)
