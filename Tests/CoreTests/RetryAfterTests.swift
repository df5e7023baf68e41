import Core
import Testing

@Suite struct RetryAfterTests {
    @Test func `Retry-After is a number of seconds or a date`() {
        let now = 784_111_770
        #expect(delay(retryAfter: "7", now: now) == .seconds(7))
        #expect(delay(retryAfter: "Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(7))
        for text in ["10000001", "9223372036854775807", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            #expect(delay(retryAfter: text, now: now) == .seconds(10_000_000), "\(text)")
        }
        for text in ["", "soon", "-1", "1.5", "0", "Sun, 06 Nov 1994 08:49:00 GMT"] {
            #expect(delay(retryAfter: text, now: now) == nil)
        }
    }
}
