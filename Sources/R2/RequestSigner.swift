import Encoding
import SigV4

/// Requests that carry their signature in a header: what the server itself sends to R2.
///
/// The payload is not hashed (`UNSIGNED-PAYLOAD`): TLS protects it, and a streamed body is not known beforehand.
/// Source: AWS, "Authenticating requests: using the Authorization header"; Cloudflare, "S3 API compatibility".
package struct RequestSigner: Sendable {
    private let bucket: Bucket

    package init(_ bucket: Bucket) {
        self.bucket = bucket
    }

    /// URL and header lines of one request; `host` and `content-length` are the HTTP client's to send.
    /// - Parameter parameters: the query, in any order; `uploads` has an empty value.
    /// - Parameter headers: signed besides the usual ones. Lower-case names.
    package func request(
        _ method: String, _ key: ObjectKey, parameters: [(name: String, value: String)] = [],
        headers: Headers = [:], at time: UTCTime
    ) -> (url: String, headers: Headers) {
        let stamp = time.stamp
        let scope = CredentialScope(date: time.date, region: "auto", service: "s3")
        let sent = headers + ["x-amz-content-sha256": unsignedPayload, "x-amz-date": stamp]
        let signed = SignedHeaders(sent + ["host": bucket.host])
        let path = bucket.path(of: key)
        let query = canonicalQuery(parameters)
        let request = canonicalRequest(
            method: method, path: path, query: query, headers: signed, payloadHash: unsignedPayload)
        let text = stringToSign(stamp: stamp, scope: scope, canonicalRequest: request)
        let key = signingKey(secret: bucket.credentials.secretAccessKey, scope: scope)

        var authorization: [UInt8] = []
        authorization.append("AWS4-HMAC-SHA256 Credential=")
        authorization.append(text: "\(bucket.credentials.accessKeyID)/\(scope.text)")
        authorization.append(", SignedHeaders=")
        authorization.append(text: signed.names)
        authorization.append(", Signature=")
        authorization.append(hex: signature(key: key, stringToSign: text))
        return (
            bucket.endpoint
                + String(decoding: query.isEmpty ? path : path + [.questionMark] + query, as: UTF8.self),
            sent + ["Authorization": String(decoding: authorization, as: UTF8.self)]
        )
    }
}
