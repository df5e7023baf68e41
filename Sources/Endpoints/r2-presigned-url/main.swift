// POST /api/v1/r2/presigned-url: a URL to which the browser PUTs one image, straight into R2.
//
//   in     {"r2_path": "users/u/ozon/2194435300/a.jpg", "expires_in"?: 3600, "content_type"?: "image/jpeg",
//           "content_length"?: 48211, "if_none_match"?: "*"}
//          r2_path: 1…1024 bytes, under R2_ALLOWED_PREFIXES; expires_in: 1…604800 s; content_type: one of
//          R2_ALLOWED_TYPES; content_length: 1…MAX_UPLOAD_BYTES. The last three are signed into the URL.
//   out    {"upload_url": "https://…", "public_url": "https://…", "method": "PUT", "headers": {…}, "expires_at": "…"}
//          headers: send them verbatim; what is signed and not sent is refused by R2.
//   fails  400 every bad field · 403 path outside the allowed prefixes          (401, 405, 413, 415, 5xx: Core/Fault.swift)
//   calls  nobody: signing is arithmetic.

import Core
import HTTP
import R2

struct Ask: RequestBody {
    let upload: Upload

    init?(_ fields: Fields, _ tools: Signing) {
        guard let upload = Upload(fields, tools.rules) else { return nil }
        self.upload = upload
    }
}

struct Answer: ResponseBody {
    let uploadURL: String
    let publicURL: String
    let headers: [(name: String, value: String)]
    let expiresAt: UTCTime

    func write(to json: inout JSONWriter) {
        json.object {
            $0.member("upload_url", uploadURL)
            $0.member("public_url", publicURL)
            $0.member("method", "PUT")
            $0.member("headers", HeaderLines(headers))
            $0.member("expires_at", expiresAt.iso)
        }
    }
}

@Sendable func answer(_ ask: Ask, _ call: Call<Signing>) throws -> Answer {
    let upload = ask.upload
    let presigner = call.tools.presigner
    call.signed(1)
    return Answer(
        uploadURL: presigner.url(
            upload.key, headers: upload.signedHeaders, expiresIn: upload.expiresIn, at: call.time),
        publicURL: presigner.bucket.publicURL(of: upload.key),
        headers: upload.headers,
        expiresAt: call.time + upload.expiresIn)
}

serve("r2-presigned-url", answer)
