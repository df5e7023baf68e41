import Encoding
import SigV4

/// One R2 bucket: where it is signed for (the S3 endpoint, path style) and where it is read (the public domain).
package struct Bucket: Sendable {
    /// `https://<account>.r2.cloudflarestorage.com`, without path or trailing slash.
    package let endpoint: String
    /// `<account>.r2.cloudflarestorage.com`, with its port where it is not the scheme's own: the `host` header.
    package let host: String
    package let credentials: Credentials
    /// `/bucket/`, encoded.
    package let pathPrefix: [UInt8]
    /// `https://r0.image2url.com`, without trailing slash.
    package let publicBase: String

    package init(endpoint: String, host: String, name: String, credentials: Credentials, publicBase: String) {
        self.endpoint = endpoint
        self.host = host
        self.credentials = credentials
        self.publicBase = publicBase
        pathPrefix = Array("/\(name.percentEncoded())/".utf8)
    }

    /// The path of an object as it is signed and sent: `/bucket/users/a%20b.jpg`.
    package func path(of key: ObjectKey) -> [UInt8] {
        var path = pathPrefix
        path.reserveCapacity(pathPrefix.count + key.text.utf8.count + 64)
        path.append(percentEncoding: key.text, keepingSlash: true)
        return path
    }

    /// Where everybody reads the object, encoded exactly as in its signed URL.
    package func publicURL(of key: ObjectKey) -> String {
        var url: [UInt8] = []
        url.reserveCapacity(publicBase.utf8.count + key.text.utf8.count + 64)
        url.append(text: publicBase)
        url.append("/")
        url.append(percentEncoding: key.text, keepingSlash: true)
        return String(decoding: url, as: UTF8.self)
    }
}
