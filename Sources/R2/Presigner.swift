import Digest
import Encoding
import SigV4
import Synchronization

/// URLs that carry their own signature (SigV4 in the query). Pure CPU: no call to R2, no clock.
///
/// Region `auto`, service `s3`, payload unsigned; 1…604,800 s. The parameters stand in botocore's order, so that its URLs
/// and ours are equal byte for byte. Source: AWS, "Authenticating requests: using query parameters"; Cloudflare, "Presigned URLs".
package final class Presigner: Sendable {
    /// Seconds for which a URL is valid unless the caller requests another lifetime.
    package static let defaultLifetime = 3600

    package let bucket: Bucket
    private let hostOnly: SignedHeaders
    private let latest = Mutex<Moment?>(nil)

    /// What all URLs of one second have in common.
    private struct Moment {
        let time: UTCTime
        let stamp: String
        let scope: CredentialScope
        /// Good for the whole day; deriving it is five HMACs, a third of a signature's cost.
        let key: HMACKey
        /// `X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=…&X-Amz-Expires=`
        let query: [UInt8]
    }

    package init(_ bucket: Bucket) {
        self.bucket = bucket
        hostOnly = SignedHeaders(["host": bucket.host])
    }

    /// - Parameter parameters: the operation's own, such as `partNumber` and `uploadId`: sorted, and after `X-Amz-…` in byte order.
    /// - Parameter headers: signed besides `host`: whoever uses the URL must send them verbatim. Lower-case names.
    /// - Parameter expiresIn: seconds.
    package func url(
        _ key: ObjectKey, method: String = "PUT", parameters: [(name: String, value: String)] = [],
        headers: Headers = [:], expiresIn: Int, at time: UTCTime
    ) -> String {
        let moment = moment(at: time)
        let signed = headers.isEmpty ? hostOnly : SignedHeaders(headers + ["host": bucket.host])
        let path = bucket.path(of: key)

        var query = moment.query
        query.reserveCapacity(query.count + 64)
        query.append(decimal: expiresIn)
        query.append("&X-Amz-SignedHeaders=")
        query.append(percentEncoding: signed.names)

        let own = SigV4.query(parameters)
        let canonical = own.isEmpty ? query : query + [.ampersand] + own
        let request = canonicalRequest(
            method: method, path: path, query: canonical, headers: signed, payloadHash: unsignedPayload)
        let text = stringToSign(stamp: moment.stamp, scope: moment.scope, canonicalRequest: request)

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
        url.append(hex: signature(key: moment.key, stringToSign: text))
        return String(decoding: url, as: UTF8.self)
    }

    private func moment(at time: UTCTime) -> Moment {
        latest.withLock { latest in
            if let latest, latest.time == time { return latest }
            let fresh = moment(at: time, after: latest)
            latest = fresh
            return fresh
        }
    }

    private func moment(at time: UTCTime, after last: Moment?) -> Moment {
        let stamp = time.stamp
        let scope = CredentialScope(date: time.date, region: "auto", service: "s3")
        let sameDay = last.flatMap { $0.time.day == time.day ? $0.key : nil }
        var query: [UInt8] = []
        query.append("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=")
        query.append(percentEncoding: "\(bucket.credentials.accessKeyID)/\(scope.text)")
        query.append("&X-Amz-Date=")
        query.append(text: stamp)
        query.append("&X-Amz-Expires=")
        return Moment(
            time: time, stamp: stamp, scope: scope,
            key: sameDay ?? signingKey(secret: bucket.credentials.secretAccessKey, scope: scope), query: query)
    }
}
