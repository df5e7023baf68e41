import HTTP
import R2
import SigV4

extension Settings {
    /// `R2_ENDPOINT_URL` `R2_ACCESS_KEY_ID` `R2_SECRET_ACCESS_KEY` `R2_BUCKET_NAME` `R2_PUBLIC_BASE`.
    package mutating func bucket() -> Bucket? {
        let endpoint = origin("R2_ENDPOINT_URL")
        let accessKeyID = headerSafeSecret("R2_ACCESS_KEY_ID")
        let secretAccessKey = headerSafeSecret("R2_SECRET_ACCESS_KEY")
        let name = bucketName(endpoint)
        let publicBase = publicBase()
        guard let endpoint, let accessKeyID, let secretAccessKey, let name, let publicBase else { return nil }
        return Bucket(
            endpoint: endpoint.url, host: endpoint.host, name: name,
            credentials: Credentials(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey),
            publicBase: publicBase)
    }

    private mutating func headerSafeSecret(_ name: String) -> String? {
        guard let secret = secret(name) else { return nil }
        if isHeaderSafe(secret) { return secret }
        fail(name, "may hold printable ASCII without spaces only")
        return nil
    }

    private mutating func bucketName(_ endpoint: Origin?) -> String? {
        guard let name = required("R2_BUCKET_NAME") else { return nil }
        let usual = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard usual, (3...63).contains(name.utf8.count) else {
            fail("R2_BUCKET_NAME", "must be 3 to 63 of a-z, 0-9, - and .")
            return nil
        }
        if let endpoint, endpoint.host.utf8.starts(with: "\(name).".utf8) {
            fail("R2_ENDPOINT_URL", "must be the account's endpoint, without the bucket")
            return nil
        }
        return name
    }

    private mutating func publicBase() -> String? {
        guard var base = required("R2_PUBLIC_BASE") else { return nil }
        while base.utf8.last == UInt8(ascii: "/") { base.removeLast() }
        let host = ["https://", "http://"].first { base.utf8.starts(with: $0.utf8) }.map { base.dropFirst($0.count) }
        let plain =
            isHeaderSafe(base) && !base.utf8.contains(UInt8(ascii: "?")) && !base.utf8.contains(UInt8(ascii: "#"))
        guard let host, !host.isEmpty, !host.utf8.starts(with: "/".utf8), plain else {
            fail("R2_PUBLIC_BASE", "must be an http or https URL without a query")
            return nil
        }
        return base
    }

    /// `R2_ALLOWED_PREFIXES` `R2_ALLOWED_TYPES` `R2_REQUIRE_TYPE` `MAX_UPLOAD_BYTES`.
    package mutating func uploadRules() -> UploadRules {
        let types = list("R2_ALLOWED_TYPES").flatMap { $0.isEmpty ? nil : $0 }
        for type in types ?? [] where storedMediaType(type) == nil {
            fail("R2_ALLOWED_TYPES", "\(type) is no media type")
        }
        let prefixes = list("R2_ALLOWED_PREFIXES") ?? ["users/"]
        if prefixes.isEmpty, optional("R2_ALLOWED_PREFIXES") != nil {
            fail("R2_ALLOWED_PREFIXES", "has no prefix in it")
        }
        return UploadRules(
            prefixes: AllowedPrefixes(prefixes),
            types: types?.compactMap { storedMediaType($0) } ?? ImageFormat.allCases.map(\.mediaType),
            requiresType: bool("R2_REQUIRE_TYPE", default: false),
            maxBytes: integer("MAX_UPLOAD_BYTES", default: 5 << 30, in: 1...(5 << 40)))
    }
}
