// POST /api/v1/r2/multipart/parts: returns URLs for parts of an upload, before they are needed or after they expired.
//
//   in     {"r2_path": "users/u/big.jpg", "upload_id": "…", "size": 104857600, "part_size": 5242880,
//           "part_numbers": [101, 102]}
//          size and part_size are those of r2-multipart-create. part_numbers are 1…1000 distinct numbers of
//          1…part_count.
//   out    {"success": true, "data": {"parts": [{"part_number", "size", "upload_url"}], "expires_at": "…"}}
//   fails  400 for invalid fields, all of which are listed; 403 for a path outside the allowed prefixes.
//   calls  Nothing; signing needs no network. If the upload doesn't exist, R2 rejects its parts.

import Core
import Encoding
import JSON
import R2
import Uploads

struct Input: RequestBody {
    let key: ObjectKey
    let uploadID: String
    let plan: PartPlan
    let numbers: [Int]

    private static let maxNumbers = 1000

    init(_ fields: Fields, _ tools: SigningTools) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", tools.rules)
        let uploadID = fields.uploadID()
        let size = fields.uploadSize(maxBytes: PartPlan.maxBytes)
        let plan = fields.partPlan(of: size, requiresPartSize: true)
        let numbers = fields.integers(
            "part_numbers", in: 1...(plan?.count ?? PartPlan.maxParts), limit: Self.maxNumbers)
        (self.key, self.uploadID, self.plan, self.numbers) = try fields.require(key, uploadID, plan, numbers)
    }
}

struct Output: ResponseBody, JSONWritable {
    let parts: [SignedPart]
    let expiresAt: UTCTime

    func write(to json: inout JSONWriter) {
        json.data {
            $0.member("parts", parts)
            $0.member("expires_at", expiresAt.iso)
        }
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<SigningTools>) throws -> Output {
    Output(
        parts: context.tools.parts(
            input.numbers, of: input.plan, key: input.key, uploadID: input.uploadID, at: context.time),
        expiresAt: context.time + Presigner.defaultLifetime)
}

serve("r2-multipart-parts", handle)
