import Digest
import Encoding

/// Step 2: the algorithm, the timestamp, the scope and the canonical request's SHA-256, a line each.
package func stringToSign(stamp: String, scope: CredentialScope, canonicalRequest: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(160)
    bytes.append("AWS4-HMAC-SHA256\n")
    bytes.append(text: stamp)
    bytes.append("\n")
    bytes.append(text: scope.text)
    bytes.append("\n")
    bytes.append(hex: SHA256.digest(canonicalRequest))
    return bytes
}

/// Step 3: the key of one scope, derived by four HMACs: date → region → service → `aws4_request`.
package func signingKey(secret: String, scope: CredentialScope) -> HMACKey {
    var key = Array("AWS4\(secret)".utf8)
    for part in [scope.date, scope.region, scope.service, "aws4_request"] {
        key = HMACKey(key).mac(of: Array(part.utf8))
    }
    return HMACKey(key)
}

/// Step 4: the 32 bytes of the signature, which a URL carries in lower-case hexadecimal.
package func signature(key: HMACKey, stringToSign: [UInt8]) -> [UInt8] {
    key.mac(of: stringToSign)
}
