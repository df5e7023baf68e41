// POST /api/v1/r2/presigned-urls: what r2-presigned-url answers, for up to 1000 images in one call.
//
//   in     {"items": [{"r2_path": "users/u/ozon/2194435300/a.jpg", …the options of r2-presigned-url…}]}
//   out    {"success": true, "data": {"items": [{"r2_path", "upload_url", "public_url", "method": "PUT", "headers"}],
//           "expires_at": "…"}}          in the order asked; expires_at: the earliest.
//   fails  400 every bad field of every item, a path given twice · 403 a path outside the allowed prefixes
//                                                                                (401, 405, 413, 415, 5xx: Core/Fault.swift)
//   calls  nobody: signing is arithmetic.

import Core
import HTTP
import R2

struct Ask: RequestBody {
    let uploads: [Upload]

    private static let maxItems = 1000

    init?(_ fields: Fields, _ tools: Signing) {
        let siblings = DistinctPaths()
        let uploads = fields.objects("items", limit: Self.maxItems) { Upload($0, tools.rules, among: siblings) }
        guard let uploads else { return nil }
        self.uploads = uploads
    }
}

struct Answer: ResponseBody {
    let items: [Item]
    let expiresAt: UTCTime

    struct Item: JSONWritable {
        let upload: Upload
        let uploadURL: String
        let publicURL: String

        func write(to json: inout JSONWriter) {
            json.object {
                $0.member("r2_path", upload.key.text)
                $0.member("upload_url", uploadURL)
                $0.member("public_url", publicURL)
                $0.member("method", "PUT")
                $0.member("headers", HeaderLines(upload.headers))
            }
        }
    }

    func write(to json: inout JSONWriter) {
        json.data {
            $0.member("items", items)
            $0.member("expires_at", expiresAt.iso)
        }
    }
}

@Sendable func answer(_ ask: Ask, _ call: Call<Signing>) throws -> Answer {
    let presigner = call.tools.presigner
    let items = ask.uploads.map { upload in
        Answer.Item(
            upload: upload,
            uploadURL: presigner.url(
                upload.key, headers: upload.signedHeaders, expiresIn: upload.expiresIn, at: call.time),
            publicURL: presigner.bucket.publicURL(of: upload.key))
    }
    call.signed(items.count)
    return Answer(items: items, expiresAt: call.time + ask.uploads.map(\.expiresIn).min()!)
}

serve("r2-presigned-urls", maxBodyBytes: 4 << 20, answer)
