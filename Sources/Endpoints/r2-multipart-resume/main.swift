// POST /api/v1/r2/multipart/resume: returns the parts of an interrupted upload that R2 holds, and URLs for the others.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…", "size": 104857600, "part_size"?: 5242880,
//           "content_type"?: "image/jpeg"}
//          part_size is that of r2-multipart-create, if it was chosen there. content_type is for a new upload, and is
//          required with R2_REQUIRE_TYPE.
//   out    {"success": true, "data": {"upload_id", "uploaded": [{"part_number", "size", "etag"}],
//           "missing": [{"part_number", "size", "upload_url"}], "part_size", "part_count", "expires_at",
//           "restarted": false}}
//          missing are the first 100 missing parts. restarted is true if a new upload was created, with its own
//          upload_id, because R2 no longer has the old one or its parts don't fit the size.
//   fails  400 for invalid fields, all of which are listed; 403 for a path outside the allowed prefixes; 502 and 504 if
//          R2 fails.
//   calls  R2's ListParts, for all pages, and CreateMultipartUpload for a new upload; for at most 50 s together, while
//          nginx waits 60 s.

import Core
import Encoding
import JSON
import R2
import R2Storage
import Uploads

struct Input: RequestBody {
    let key: ObjectKey
    let uploadID: String
    let plan: PartPlan
    let contentType: String?

    init(_ fields: Fields, _ tools: UploadTools) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", tools.signing.rules)
        let uploadID = fields.uploadID()
        let size = fields.uploadSize(maxBytes: tools.signing.rules.maxBytes)
        let plan = fields.partPlan(of: size)
        contentType = fields.contentType(tools.signing.rules)
        (self.key, self.uploadID, self.plan) = try fields.require(key, uploadID, plan)
    }
}

struct Output: ResponseBody, JSONWritable {
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

@Sendable func handle(_ input: Input, _ context: RequestContext<UploadTools>) async throws -> Output {
    let storage = context.tools.storage.limited(to: .seconds(50))
    let stored = try await storedParts(input, storage)
    let uploaded = stored ?? []
    let uploadID =
        stored == nil ? try await storage.createUpload(input.key, contentType: input.contentType) : input.uploadID
    let held = Set(uploaded.map(\.number))
    let missing = (1...input.plan.count).lazy.filter { !held.contains($0) }.prefix(SignedPart.initialCount)
    return Output(
        uploadID: uploadID, uploaded: uploaded,
        missing: context.tools.signing.parts(
            missing, of: input.plan, key: input.key, uploadID: uploadID, at: context.time),
        plan: input.plan, expiresAt: context.time + Presigner.defaultLifetime, restarted: stored == nil)
}

/// The parts that R2 holds. Nil if it has no such upload, or if the parts are not those of the plan.
private func storedParts(_ input: Input, _ storage: Storage) async throws -> [StoredPart]? {
    guard let parts = try await storage.parts(input.key, upload: input.uploadID) else { return nil }
    let fitsPlan = parts.allSatisfy { $0.number <= input.plan.count && $0.size == input.plan.size(ofPart: $0.number) }
    return fitsPlan ? parts : nil
}

serve("r2-multipart-resume", handle)
