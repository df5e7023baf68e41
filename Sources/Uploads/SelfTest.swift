import Encoding
import SigV4

/// Whether the libcrypto in use computes the signature of AWS's published example. Source: AWS, "Authenticating
/// Requests: Using Query Parameters", the presigned GET of test.txt.
func signsLikeAWS() -> Bool {
    let scope = CredentialScope(date: "20130524", region: "us-east-1", service: "s3")
    let text = """
        AWS4-HMAC-SHA256
        20130524T000000Z
        20130524/us-east-1/s3/aws4_request
        3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04
        """
    let key = signingKey(secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope: scope)
    return String(hex: signature(key: key, stringToSign: Array(text.utf8)))
        == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
}
