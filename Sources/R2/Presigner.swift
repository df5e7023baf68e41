import Digest
import Encoding
import SigV4
import Synchronization

/// Creates URLs that carry their own signature (SigV4 in the query), with neither a network nor a clock.
///
/// The region is `auto`, the service `s3`, and the payload is not signed. The parameters are in botocore's order, so
/// that its URLs and ours are equal byte for byte. Sources: AWS, "Authenticating requests: using query parameters";
/// Cloudflare, "Presigned URLs".
package final class Presigner: Sendable {
    /// How many seconds a URL is valid unless the caller requests another lifetime.
    package static let defaultLifetime = 3600
    /// The permitted lifetimes of a URL, in seconds.
    package static let lifetimes = 1...604_800

    package let bucket: Bucket
    private let hostOnly: SignedHeaders
    private let latest = Mutex<SigningContext?>(nil)

    /// The parts of a signature that all URLs of one second share.
    private struct SigningContext {
        let time: UTCTime
        let stamp: String
        let scope: CredentialScope
        /// Valid for the whole UTC day. Deriving it takes four HMACs, a third of the cost of a signature.
        let key: HMACKey
        /// `X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=…&X-Amz-Expires=`
        let query: [UInt8]
    }

    package init(_ bucket: Bucket) {
        self.bucket = bucket
        hostOnly = SignedHeaders(["host": bucket.host])
    }

    /// - Parameter parameters: those of the operation, such as `partNumber` and `uploadId`, sorted by name. In byte
    ///   order, each name must follow `X-Amz-…`, because those parameters come first in the canonical query.
    /// - Parameter headers: signed in addition to `host`, with names in lower case. They must be sent unchanged.
    /// - Parameter expiresIn: seconds, one of `lifetimes`.
    package func url(
        _ key: ObjectKey, method: String = "PUT", parameters: QueryParameters = [],
        headers: Headers = [:], expiresIn: Int, at time: UTCTime
    ) -> String {
        let context = context(at: time)
        let signed = headers.isEmpty ? hostOnly : SignedHeaders(headers + ["host": bucket.host])
        let path = bucket.path(of: key)

        var query = context.query
        query.reserveCapacity(query.count + 64)
        query.append(decimal: expiresIn)
        query.append("&X-Amz-SignedHeaders=")
        query.append(percentEncoding: signed.names)

        let own = SigV4.query(parameters)
        let canonical = own.isEmpty ? query : query + [.ampersand] + own
        let request = canonicalRequest(
            method: method, path: path, query: canonical, headers: signed, payloadHash: unsignedPayload)
        let text = stringToSign(stamp: context.stamp, scope: context.scope, canonicalRequest: request)

        var url: [UInt8] = []
        url.reserveCapacity(bucket.endpoint.utf8.count + path.count + canonical.count + 96)
        url.append(text: bucket.endpoint)
        url += path
        url.append("?")
        if !own.isEmpty {
            url += own
            url.append("&")
        }
        url += query
        url.append("&X-Amz-Signature=")
        url.append(hex: signature(key: context.key, stringToSign: text))
        return String(decoding: url, as: UTF8.self)
    }

    private func context(at time: UTCTime) -> SigningContext {
        latest.withLock { latest in
            if let latest, latest.time == time { return latest }
            let fresh = context(at: time, after: latest)
            latest = fresh
            return fresh
        }
    }

    private func context(at time: UTCTime, after last: SigningContext?) -> SigningContext {
        let stamp = time.stamp
        let scope = CredentialScope(date: time.date, region: "auto", service: "s3")
        let reusableKey = last.flatMap { $0.time.day == time.day ? $0.key : nil }
        var query: [UInt8] = []
        query.append("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=")
        query.append(percentEncoding: "\(bucket.credentials.accessKeyID)/\(scope.text)")
        query.append("&X-Amz-Date=")
        query.append(text: stamp)
        query.append("&X-Amz-Expires=")
        return SigningContext(
            time: time, stamp: stamp, scope: scope,
            key: reusableKey ?? signingKey(secret: bucket.credentials.secretAccessKey, scope: scope), query: query)
    }
}
