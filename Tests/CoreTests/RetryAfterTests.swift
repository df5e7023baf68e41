import Core
import Testing

@Suite struct RetryAfterTests {
    @Test func `Retry-After is a number of seconds or a date`() {
        let now = 784_111_770
        #expect(delay(retryAfter: "7", now: now) == .seconds(7))
        #expect(delay(retryAfter: "Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(7))
        #expect(delay(retryAfter: "Sun, 06 Nov 1994 08:49:00 GMT", now: now) == .zero)
        #expect(delay(retryAfter: "9223372036854775807", now: now).map { $0 > .seconds(30) } == true)
        for text in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            #expect(delay(retryAfter: text, now: now) == nil)
        }
    }
}
