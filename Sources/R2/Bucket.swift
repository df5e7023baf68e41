import Encoding
import SigV4

/// One R2 bucket: the S3 endpoint where it is written (path style) and the public domain where it is read.
package struct Bucket: Sendable {
    /// `https://<account>.r2.cloudflarestorage.com`, without path or trailing slash.
    package let endpoint: String
    /// The `host` header: `<account>.r2.cloudflarestorage.com`, with the port unless it is the scheme's default.
    package let host: String
    package let credentials: Credentials
    /// `/bucket/`, percent-encoded.
    private let pathPrefix: [UInt8]
    /// `https://r0.image2url.com`, without trailing slash.
    package let publicBase: String

    package init(endpoint: String, host: String, name: String, credentials: Credentials, publicBase: String) {
        self.endpoint = endpoint
        self.host = host
        self.credentials = credentials
        self.publicBase = publicBase
        pathPrefix = Array("/\(name.percentEncoded())/".utf8)
    }

    /// The path of an object's URL: `/bucket/users/a%20b.jpg`.
    package func path(of key: ObjectKey) -> [UInt8] {
        var path = pathPrefix
        path.reserveCapacity(pathPrefix.count + key.text.utf8.count + 64)
        path.append(percentEncoding: key.text, keepingSlash: true)
        return path
    }

    /// The URL of an object on the public domain, encoded as in its signed URL.
    package func publicURL(of key: ObjectKey) -> String {
        var url: [UInt8] = []
        url.reserveCapacity(publicBase.utf8.count + key.text.utf8.count + 64)
        url.append(text: publicBase)
        url.append("/")
        url.append(percentEncoding: key.text, keepingSlash: true)
        return String(decoding: url, as: UTF8.self)
    }
}
