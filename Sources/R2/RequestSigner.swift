import Encoding
import SigV4

/// Signs the requests that this server sends to R2. They carry their signature in a header.
///
/// The payload is not hashed (`UNSIGNED-PAYLOAD`), because TLS protects it and a streamed body is not known in advance.
/// Sources: AWS, "Authenticating requests: using the Authorization header"; Cloudflare, "S3 API compatibility".
package struct RequestSigner: Sendable {
    package struct SignedRequest: Sendable {
        package let url: String
        /// All headers but `host` and `content-length`, which the HTTP client adds.
        package let headers: Headers
    }

    private let bucket: Bucket

    package init(_ bucket: Bucket) {
        self.bucket = bucket
    }

    /// - Parameter parameters: the query, in any order. A parameter such as `uploads` has an empty value.
    /// - Parameter headers: signed in addition to `host` and `x-amz-…`, with names in lower case.
    package func request(
        _ method: String, _ key: ObjectKey, parameters: QueryParameters = [],
        headers: Headers = [:], at time: UTCTime
    ) -> SignedRequest {
        let stamp = time.stamp
        let scope = CredentialScope(date: time.date, region: "auto", service: "s3")
        let sent = headers + ["x-amz-content-sha256": unsignedPayload, "x-amz-date": stamp]
        let signed = SignedHeaders(sent + ["host": bucket.host])
        let path = bucket.path(of: key)
        let query = canonicalQuery(parameters)
        let request = canonicalRequest(
            method: method, path: path, query: query, headers: signed, payloadHash: unsignedPayload)
        let text = stringToSign(stamp: stamp, scope: scope, canonicalRequest: request)
        let derivedKey = signingKey(secret: bucket.credentials.secretAccessKey, scope: scope)

        var authorization: [UInt8] = []
        authorization.append("AWS4-HMAC-SHA256 Credential=")
        authorization.append(text: "\(bucket.credentials.accessKeyID)/\(scope.text)")
        authorization.append(", SignedHeaders=")
        authorization.append(text: signed.names)
        authorization.append(", Signature=")
        authorization.append(hex: signature(key: derivedKey, stringToSign: text))
        let target = query.isEmpty ? path : path + [.questionMark] + query
        return SignedRequest(
            url: bucket.endpoint + String(decoding: target, as: UTF8.self),
            headers: sent + ["Authorization": String(decoding: authorization, as: UTF8.self)])
    }
}
