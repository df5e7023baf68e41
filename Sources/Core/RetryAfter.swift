import Encoding

/// The delay that a `Retry-After` requests, as seconds or as a date (RFC 9110, 10.2.3). Nil if it is neither.
package func delay(retryAfter text: String, now: Int) -> Duration? {
    if let seconds = positiveInteger(text) { return .seconds(seconds) }
    return UTCTime(httpDate: text).map { .seconds(max($0.seconds - now, 0)) }
}
