// POST /api/v1/r2/multipart/parts: URLs for parts of an upload that was begun: in batches, before they are needed, and again
// when they have expired.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…", "size": 104857600, "part_size": 5242880, "part_numbers": [101, 102]}
//          size and part_size as create answered them; part_numbers: 1…1000 of 1…part_count, each once.
//   out    {"success": true, "data": {"parts": [{"part_number", "size", "upload_url"}], "expires_at": "…"}}
//   fails  400 every bad field · 403 path outside the allowed prefixes             (401, 405, 413, 415, 5xx: Core/Fault.swift)
//   calls  nobody: signing is arithmetic. Whether the upload exists is seen when a part is sent.

import Core
import HTTP
import R2

struct Ask: RequestBody {
    let key: ObjectKey
    let uploadID: String
    let plan: PartPlan
    let numbers: [Int]

    private static let maxNumbers = 1000

    init?(_ fields: Fields, _ tools: Signing) {
        let key = fields.objectKey("r2_path", tools.rules)
        let uploadID = fields.uploadID()
        let size = fields.uploadSize(maxBytes: PartPlan.maxBytes)
        let plan = fields.partPlan(of: size, requiresPartSize: true)
        let numbers = fields.integers(
            "part_numbers", in: 1...(plan?.count ?? PartPlan.maxParts), limit: Self.maxNumbers)
        guard let key, let uploadID, let plan, let numbers else { return nil }
        self.key = key
        self.uploadID = uploadID
        self.plan = plan
        self.numbers = numbers
    }
}

struct Answer: ResponseBody {
    let parts: [SignedPart]
    let expiresAt: UTCTime

    func write(to json: inout JSONWriter) {
        json.data {
            $0.member("parts", parts)
            $0.member("expires_at", expiresAt.iso)
        }
    }
}

@Sendable func answer(_ ask: Ask, _ call: Call<Signing>) throws -> Answer {
    call.signed(ask.numbers.count)
    return Answer(
        parts: call.tools.presigner.parts(ask.numbers, of: ask.plan, ask.key, upload: ask.uploadID, at: call.time),
        expiresAt: call.time + partLifetime)
}

serve("r2-multipart-parts", answer)
