import Encoding
import JSON
import R2

/// A signed upload of one image, which saves the browser a call to r2-presigned-url.
struct ImageUpload: JSONWritable, Sendable {
    let url: String
    let key: ObjectKey
    let uploadURL: String
    let publicURL: String
    let headers: Headers

    func write(to json: inout JSONWriter) {
        json.object {
            $0.member("url", url)
            $0.member("r2_path", key.text)
            $0.member("upload_url", uploadURL)
            $0.member("public_url", publicURL)
            $0.member("headers", headers)
        }
    }
}
