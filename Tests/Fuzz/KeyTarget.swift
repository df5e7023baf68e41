import CCurl
import Foundation

@testable import Encoding
@testable import R2
@testable import SigV4

private let presigner = Presigner(
    Bucket(
        endpoint: "https://account.r2.cloudflarestorage.com", host: "account.r2.cloudflarestorage.com",
        name: "pictures-1",
        credentials: Credentials(accessKeyID: "0123456789abcdefMADE0UP", secretAccessKey: "made/up+secret=0123456789"),
        publicBase: "https://pictures.example"))

/// An object key that is accepted is in NFC, has no segment that a URL parser removes, and survives the encoding in the
/// public and the presigned URL, as Foundation decodes it and as libcurl parses it. A prefix allows only keys inside
/// it. references.py compares the presigned URLs with botocore's.
func fuzzKeys(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let key = try? AllowedPrefixes.all.key(text) else { return }
    require(key.text.utf8.elementsEqual(text.precomposedStringWithCanonicalMapping.utf8), "\(key.text) is not the NFC")
    require((try? AllowedPrefixes.all.key(key.text)) == key, "a key that was accepted is not accepted again")

    let publicURL = presigner.bucket.publicURL(of: key)
    require(publicURL.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(publicURL) is not printable ASCII")
    let encoded = publicURL.dropFirst("https://pictures.example/".count)
    require(String(encoded).removingPercentEncoding?.utf8.elementsEqual(key.text.utf8) == true, "\(encoded)")
    require(parsedByCurl(publicURL)?.path == "/\(encoded)", "libcurl requests another path than /\(encoded)")

    let seconds = 1_369_353_600
    let url = presigner.url(key, expiresIn: 3600, at: UTCTime(seconds: seconds))
    require(url.hasPrefix("https://account.r2.cloudflarestorage.com/pictures-1/\(encoded)?X-Amz-Algorithm="), url)
    record(["key": key.text, "url": url])

    let isUnder = key.text.utf8.starts(with: "users/u/".utf8) && key.text.utf8.count > 8
    let isAllowed = (try? AllowedPrefixes(["users/u"]).key(text)) != nil
    require(isAllowed == isUnder, "users/u allows \(key.text): \(isAllowed)")
}
