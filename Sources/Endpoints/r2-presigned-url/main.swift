// POST /api/v1/r2/presigned-url: returns a URL to which the browser PUTs one image, directly to R2.
//
//   in     {"r2_path": "users/u/ozon/2194435300/a.jpg", "expires_in"?: 3600, "content_type"?: "image/jpeg",
//           "content_length"?: 48211, "if_none_match"?: "*"}
//          r2_path is 1…1024 bytes and starts with one of R2_ALLOWED_PREFIXES. expires_in is 1…604800 seconds.
//          content_type is one of R2_ALLOWED_TYPES. content_length is 1…MAX_UPLOAD_BYTES. With if_none_match, R2
//          rejects the upload if the object exists. These three are signed as headers.
//   out    {"upload_url": "https://…", "public_url": "https://…", "method": "PUT", "headers": {…}, "expires_at": "…"}
//          The browser must send the headers unchanged, because R2 rejects an upload that lacks a signed header.
//   fails  400 for invalid fields, all of which are listed; 403 for a path outside the allowed prefixes.
//   calls  Nothing; signing needs no network.

import Core
import Encoding
import JSON
import R2
import Uploads

struct Input: RequestBody {
    let upload: Upload

    init(_ fields: Fields, _ tools: SigningTools) throws(InvalidFields) {
        upload = try Upload(fields, tools.rules)
    }
}

struct Output: ResponseBody, JSONWritable {
    let uploadURL: String
    let publicURL: String
    let headers: Headers
    let expiresAt: UTCTime

    func write(to json: inout JSONWriter) {
        json.object {
            $0.member("upload_url", uploadURL)
            $0.member("public_url", publicURL)
            $0.member("method", "PUT")
            $0.member("headers", headers)
            $0.member("expires_at", expiresAt.iso)
        }
    }
}

@Sendable func handle(_ input: Input, _ context: RequestContext<SigningTools>) throws -> Output {
    let signing = context.tools
    return Output(
        uploadURL: signing.url(for: input.upload, at: context.time),
        publicURL: signing.bucket.publicURL(of: input.upload.key),
        headers: input.upload.headers,
        expiresAt: context.time + input.upload.expiresIn)
}

serve("r2-presigned-url", handle)
