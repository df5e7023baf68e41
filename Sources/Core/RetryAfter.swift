import Encoding

/// The delay that a `Retry-After` requests, as seconds or as a date (RFC 9110, 10.2.3): 1 s to 10,000,000 s. Nil if it
/// is neither, or requests no delay.
package func delay(retryAfter text: String, now: Int) -> Duration? {
    let longest = 10_000_000
    let isNumber = !text.isEmpty && text.utf8.allSatisfy(\.isASCIIDigit)
    let seconds = isNumber ? Int(text) ?? longest : UTCTime(httpDate: text).map { $0.seconds - now }
    return seconds.flatMap { $0 > 0 ? .seconds(min($0, longest)) : nil }
}
