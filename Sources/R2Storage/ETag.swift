import Core
import Digest
import Encoding
import R2

func unquoted(_ etag: String) -> String {
    etag.utf8.count >= 2 && etag.utf8.first == .quote && etag.utf8.last == .quote
        ? String(Substring(etag.utf8.dropFirst().dropLast())) : etag
}

/// Whether a string is hexadecimal, with or without `-N` after it.
func isETag(_ text: String) -> Bool {
    let halves = text.utf8.split(separator: .hyphen, maxSplits: 1, omittingEmptySubsequences: false)
    let isHex = halves[0].allSatisfy { $0.hexDigitValue != nil } && !halves[0].isEmpty
    return isHex && (halves.count == 1 || positiveInteger(String(Substring(halves[1]))) != nil)
}

/// The `N` of an ETag that ends in `-N`, which is the number of parts that the object was made of. Nil for other ETags.
func partCount(_ etag: String) -> Int? {
    let halves = etag.split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count == 2, isETag(etag), let count = positiveInteger(String(halves[1])) else { return nil }
    return count <= PartPlan.maxParts ? count : nil
}

/// The ETag that S3 gives to an object made of parts: the MD5 of the parts' MD5s, and the number of parts. Nil if a
/// part's ETag is not an MD5.
func multipartETag(_ parts: [StoredPart]) -> String? {
    var digests: [UInt8] = []
    for part in parts {
        let digits = part.etag.utf8.compactMap(\.hexDigitValue)
        guard digits.count == 32, part.etag.utf8.count == 32 else { return nil }
        for index in stride(from: 0, to: 32, by: 2) { digests.append(digits[index] << 4 | digits[index + 1]) }
    }
    return "\(String(hex: md5(digests)))-\(parts.count)"
}
