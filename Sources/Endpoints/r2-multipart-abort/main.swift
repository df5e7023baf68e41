// POST /api/v1/r2/multipart/abort: gives an upload up; R2 deletes its parts.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…"}
//   out    {"success": true, "data": {}}          done twice is no error.
//   fails  400 every bad field · 403 path outside the allowed prefixes · 502, 504 R2
//                                                                                (401, 405, 413, 415, 5xx: Core/Fault.swift)
//   calls  R2: AbortMultipartUpload.

import Core
import R2
import R2Storage

struct Ask: RequestBody {
    let key: ObjectKey
    let uploadID: String

    init?(_ fields: Fields, _ tools: Uploading) {
        let key = fields.objectKey("r2_path", tools.signing.rules)
        let uploadID = fields.uploadID()
        guard let key, let uploadID else { return nil }
        self.key = key
        self.uploadID = uploadID
    }
}

struct Answer: ResponseBody {
    func write(to json: inout JSONWriter) {
        json.data { _ in }
    }
}

@Sendable func answer(_ ask: Ask, _ call: Call<Uploading>) async throws -> Answer {
    try await call.tools.storage { storage async throws(StorageError) in
        try await storage.abortUpload(ask.key, upload: ask.uploadID)
    }
    return Answer()
}

serve("r2-multipart-abort", answer)
