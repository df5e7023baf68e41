// POST /api/v1/r2/multipart/resume: what of a broken upload R2 already holds, and URLs for what is missing.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…", "size": 104857600, "part_size"?: 5242880,
//           "content_type"?: "image/jpeg"}
//          part_size as create answered it, if it was chosen there; content_type: for a new upload, and required with
//          R2_REQUIRE_TYPE.
//   out    {"success": true, "data": {"upload_id", "uploaded": [{"part_number", "size", "etag"}], "missing": [{"part_number",
//           "size", "upload_url"}], "part_size", "part_count", "expires_at", "restarted": false}}
//          missing: the first 100. restarted: R2 no longer knows the upload, or its parts are not those of this size: a new
//          one was begun in this call, with its own upload_id.
//   fails  400 every bad field · 403 path outside the allowed prefixes · 502, 504 R2
//                                                                                (401, 405, 413, 415, 5xx: Core/Fault.swift)
//   calls  R2: ListParts, all pages; CreateMultipartUpload to start anew.

import Core
import HTTP
import R2
import R2Storage

struct Ask: RequestBody {
    let key: ObjectKey
    let uploadID: String
    let plan: PartPlan
    let contentType: String?

    init?(_ fields: Fields, _ tools: Uploading) {
        let key = fields.objectKey("r2_path", tools.signing.rules)
        let uploadID = fields.uploadID()
        let size = fields.uploadSize(maxBytes: tools.signing.rules.maxBytes)
        let plan = fields.partPlan(of: size)
        contentType = fields.contentType(tools.signing.rules)
        guard let key, let uploadID, let plan else { return nil }
        self.key = key
        self.uploadID = uploadID
        self.plan = plan
    }
}

struct Answer: ResponseBody {
    let uploadID: String
    let uploaded: [StoredPart]
    let missing: [SignedPart]
    let plan: PartPlan
    let expiresAt: UTCTime
    let restarted: Bool

    func write(to json: inout JSONWriter) {
        json.data {
            $0.member("upload_id", uploadID)
            $0.member("uploaded", uploaded)
            $0.member("missing", missing)
            $0.member("part_size", plan.partSize)
            $0.member("part_count", plan.count)
            $0.member("expires_at", expiresAt.iso)
            $0.member("restarted", restarted)
        }
    }
}

@Sendable func answer(_ ask: Ask, _ call: Call<Uploading>) async throws -> Answer {
    let signing = call.tools.signing
    let (uploadID, uploaded) = try await call.tools.storage { storage async throws(StorageError) in
        do throws(StorageError) {
            let parts = try await storage.parts(ask.key, upload: ask.uploadID)
            let agrees = parts.allSatisfy { $0.number <= ask.plan.count && $0.size == ask.plan.size(of: $0.number) }
            if agrees { return (ask.uploadID, parts) }
        } catch {
            if !error.isNoSuchUpload { throw error }
        }
        return (try await storage.createUpload(ask.key, contentType: ask.contentType), [StoredPart]())
    }
    let held = Set(uploaded.map(\.number))
    let missing = (1...ask.plan.count).lazy.filter { !held.contains($0) }.prefix(firstParts)
    call.signed(missing.count)
    return Answer(
        uploadID: uploadID, uploaded: uploaded,
        missing: signing.presigner.parts(missing, of: ask.plan, ask.key, upload: uploadID, at: call.time),
        plan: ask.plan, expiresAt: call.time + partLifetime, restarted: uploadID != ask.uploadID)
}

serve("r2-multipart-resume", answer)
