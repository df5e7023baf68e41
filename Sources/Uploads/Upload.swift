import Core
import Encoding
import R2

/// An upload that a caller requests: `{"r2_path", "expires_in"?, "content_type"?, "content_length"?,
/// "if_none_match"?}`.
package struct Upload: Sendable {
    package let key: ObjectKey
    /// Seconds, 1…604,800.
    package let expiresIn: Int
    /// The headers that the browser must send unchanged: `content-type`, `if-none-match`.
    package let headers: Headers
    /// Signed in addition to `headers`. Browsers send this header on their own.
    package let contentLength: Int?

    package var signedHeaders: Headers {
        guard let contentLength else { return headers }
        return headers + ["content-length": String(contentLength)]
    }

    /// - Parameter siblings: the paths of the other uploads in the same request. All paths must differ.
    package init(_ fields: Fields, _ rules: UploadRules, among siblings: DistinctPaths? = nil) throws(InvalidFields) {
        let key = fields.objectKey("r2_path", rules, among: siblings)
        let expiresIn = fields.integer("expires_in", in: Presigner.lifetimes, required: false)
        let contentType = fields.contentType(rules)
        contentLength = fields.integer("content_length", in: 1...rules.maxBytes, required: false)
        let condition = fields.choice("if_none_match", ["*"], required: false)
        self.key = try fields.require(key)
        self.expiresIn = expiresIn ?? Presigner.defaultLifetime
        var headers = Headers()
        if let contentType { headers.append("content-type", contentType) }
        if let condition { headers.append("if-none-match", condition) }
        self.headers = headers
    }
}
