import Core
import Encoding
import R2
import SigV4

extension Settings {
    /// The bucket of the `R2_…` settings. Nil, and a fault, if one is invalid or libcrypto computes wrong signatures.
    mutating func bucket() -> Bucket? {
        if !signsLikeAWS() { fail("libcrypto", "computes a wrong signature for AWS's published example") }
        let endpoint = origin(
            "R2_ENDPOINT_URL",
            "The account's S3 endpoint: https://ACCOUNT.r2.cloudflarestorage.com, without the bucket.")
        let accessKeyID = headerSafeSecret("R2_ACCESS_KEY_ID", "The id of the access key used for signing.")
        let secretAccessKey = headerSafeSecret("R2_SECRET_ACCESS_KEY", "The secret of that access key.")
        let name = bucketName(endpoint)
        let publicBase = publicBase()
        guard let endpoint, let accessKeyID, let secretAccessKey, let name, let publicBase else { return nil }
        return Bucket(
            endpoint: endpoint.url, host: endpoint.host, name: name,
            credentials: Credentials(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey),
            publicBase: publicBase)
    }

    private mutating func headerSafeSecret(_ name: String, _ purpose: String) -> String? {
        guard let secret = secret(name, purpose) else { return nil }
        if isHeaderSafe(secret) { return secret }
        fail(name, "must be printable ASCII without spaces")
        return nil
    }

    private mutating func bucketName(_ endpoint: Origin?) -> String? {
        guard let name = required("R2_BUCKET_NAME", "The name of the bucket.") else { return nil }
        let hasValidCharacters = name.utf8.allSatisfy {
            $0.isASCIILowercase || $0.isASCIIDigit || $0 == .hyphen || $0 == .dot
        }
        guard hasValidCharacters, (3...63).contains(name.utf8.count) else {
            fail("R2_BUCKET_NAME", "must have 3 to 63 characters of a-z, 0-9, - and .")
            return nil
        }
        if let endpoint, endpoint.host.utf8.starts(with: "\(name).".utf8) {
            fail("R2_ENDPOINT_URL", "must be the account's endpoint, without the bucket")
            return nil
        }
        return name
    }

    private mutating func publicBase() -> String? {
        let purpose = "The URL under which the bucket's objects are public, such as https://r0.image2url.com."
        guard var base = required("R2_PUBLIC_BASE", purpose) else { return nil }
        while base.utf8.last == .slash { base.removeLast() }
        let url = URLReference(base)
        guard url.isWeb, url.authority?.isEmpty == false, url.query == nil, isHeaderSafe(base),
            !base.utf8.contains(.numberSign)
        else {
            fail("R2_PUBLIC_BASE", "must be an http or https URL without a query")
            return nil
        }
        return base
    }

    /// The rules of `R2_ALLOWED_PREFIXES`, `R2_ALLOWED_TYPES`, `R2_REQUIRE_TYPE` and `MAX_UPLOAD_BYTES`.
    mutating func uploadRules() -> UploadRules {
        let prefixes = list(
            "R2_ALLOWED_PREFIXES", default: ["users/"],
            "The prefixes that object keys may have, separated by commas. An empty value permits all keys.")
        let types = list(
            "R2_ALLOWED_TYPES", default: ImageFormat.allCases.map(\.mediaType),
            "The media types that an upload may have, separated by commas.")
        for type in types where storedMediaType(type) == nil {
            fail("R2_ALLOWED_TYPES", "\(type) is not a media type")
        }
        return UploadRules(
            prefixes: isEmpty("R2_ALLOWED_PREFIXES") ? .all : AllowedPrefixes(prefixes),
            types: types.compactMap(storedMediaType),
            requiresType: bool("R2_REQUIRE_TYPE", default: false, "Whether every upload must have a content_type."),
            maxBytes: integer(
                "MAX_UPLOAD_BYTES", default: 5 << 30, in: 1...(5 << 40), "The largest upload, in bytes."))
    }
}
