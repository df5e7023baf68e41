// POST /api/v1/r2/presigned-urls: returns the URLs of r2-presigned-url for up to 1000 images.
//
//   in     {"items": [{"r2_path": "users/u/ozon/2194435300/a.jpg", …}]}
//          Items have the fields of r2-presigned-url.
//   out    {"success": true, "data": {"items": [{"r2_path", "upload_url", "public_url", "method": "PUT", "headers"}],
//           "expires_at": "…"}}
//          Items are in the order of the request. expires_at is the earliest of all.
//   fails  400 for invalid fields of any item and for duplicate paths, all of which are listed; 403 for a path outside
//          the allowed prefixes.
//   calls  Nothing; signing needs no network.

import Core
import Encoding
import JSON
import R2
import Uploads

struct Input: RequestBody {
    let uploads: [Upload]

    private static let maxItems = 1000

    init(_ fields: Fields, _ tools: SigningTools) throws(InvalidFields) {
        let siblings = DistinctPaths()
        uploads = try fields.require(
            fields.objects("items", limit: Self.maxItems) { item throws(InvalidFields) in
                try Upload(item, tools.rules, among: siblings)
            })
    }
}

struct Output: ResponseBody, JSONWritable {
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
                $0.member("headers", upload.headers)
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

@Sendable func handle(_ input: Input, _ context: RequestContext<SigningTools>) throws -> Output {
    let signing = context.tools
    let items = input.uploads.map { upload in
        Output.Item(
            upload: upload,
            uploadURL: signing.url(for: upload, at: context.time),
            publicURL: signing.bucket.publicURL(of: upload.key))
    }
    return Output(items: items, expiresAt: context.time + input.uploads.map(\.expiresIn).min()!)
}

serve("r2-presigned-urls", maxBodyBytes: 4 << 20, handle)
