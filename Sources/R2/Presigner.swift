import Digest
import HTTP
import SigV4
import Synchronization

/// URLs that carry their own signature (SigV4 in the query). Pure CPU: no call to R2, no clock.
///
/// Region `auto`, service `s3`, payload unsigned; 1…604,800 s. The parameters stand in botocore's order, so that its URLs
/// and ours are equal byte for byte. Source: AWS, "Authenticating requests: using query parameters"; Cloudflare, "Presigned URLs".
package final class Presigner: Sendable {
    package let bucket: Bucket
    private let today = Mutex<SigningDay?>(nil)

    private struct SigningDay {
        let day: Int
        let scope: Scope
        let key: HMACKey
        /// `X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=`
        let query: [UInt8]
    }

    package init(_ bucket: Bucket) {
        self.bucket = bucket
    }

    /// - Parameter headers: signed besides `host`: whoever uses the URL must send them verbatim. Lower-case names.
    /// - Parameter expiresIn: seconds.
    package func url(
        _ key: ObjectKey, method: String = "PUT", headers: [(name: String, value: String)] = [], expiresIn: Int,
        at time: UTCTime
    ) -> String {
        let signing = signing(on: time)
        let stamp = time.stamp
        let signed = SignedHeaders(headers + [("host", bucket.host)])
        let path = bucket.path(of: key)

        var query = signing.query
        query.reserveCapacity(query.count + 256)
        query += stamp.utf8
        query += "&X-Amz-Expires=".utf8
        query.append(decimal: expiresIn)
        query += "&X-Amz-SignedHeaders=".utf8
        query.append(percentEncoding: signed.names)

        let request = canonicalRequest(
            method: method, path: path, query: query, headers: signed, payloadHash: unsignedPayload)
        let text = stringToSign(stamp: stamp, scope: signing.scope, canonicalRequest: request)

        var url = Array(bucket.endpoint.utf8)
        url.reserveCapacity(url.count + path.count + query.count + 96)
        url += path
        url.append(UInt8(ascii: "?"))
        url += query
        url += "&X-Amz-Signature=".utf8
        url.append(hex: signature(key: signing.key, stringToSign: text))
        return String(decoding: url, as: UTF8.self)
    }

    /// The key chain of the time's UTC day, derived once: five HMACs are a third of a signature's cost.
    private func signing(on time: UTCTime) -> SigningDay {
        today.withLock { today in
            if let today, today.day == time.day { return today }
            let scope = Scope(date: time.date, region: "auto", service: "s3")
            var query = Array("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=".utf8)
            query.append(percentEncoding: "\(bucket.credentials.accessKeyID)/\(scope.text)")
            query += "&X-Amz-Date=".utf8
            let fresh = SigningDay(
                day: time.day, scope: scope,
                key: signingKey(secret: bucket.credentials.secretAccessKey, scope: scope), query: query)
            today = fresh
            return fresh
        }
    }
}
