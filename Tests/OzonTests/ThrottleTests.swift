import Testing

@testable import Ozon

@Suite struct ThrottleTests {
    private let throttle = Throttle()
    private let minutes = Duration.seconds(600)

    @Test func `Without a rate limit no call waits`() throws {
        let credential = try credential()
        for _ in 0..<1000 { #expect(throttle.reserve(credential, within: minutes).wait == .zero) }
    }

    @Test func `After a rate limit the first call waits as long as Ozon requests and each further one longer`()
        throws
    {
        let credential = try credential()
        throttle.limit(credential, rate: 2, after: .seconds(30))
        let waits = (0..<4).map { _ in throttle.reserve(credential, within: minutes).wait }
        for (number, wait) in waits.enumerated() {
            let expected = Duration.seconds(30) + .milliseconds(500) * number
            #expect(wait <= expected && wait > expected - .seconds(10), "\(number): \(wait)")
        }
        // Each wait is longer than the previous one, by less than the interval because time passes between the calls.
        for (a, b) in zip(waits, waits.dropFirst()) { #expect(b > a) }
    }

    @Test func `The default rate is ten per second, and a rate of zero counts as one`() throws {
        let (usual, none) = (try credential("1"), try credential("2"))
        throttle.limit(usual, rate: nil, after: .seconds(30))
        let waits = (0..<11).map { _ in throttle.reserve(usual, within: minutes).wait }
        #expect(waits[10] <= .seconds(31) && waits[10] > .seconds(25))
        throttle.limit(none, rate: 0, after: .seconds(30))
        _ = throttle.reserve(none, within: minutes)
        #expect(throttle.reserve(none, within: minutes).wait > .seconds(25))
    }

    @Test func `At most a minute of a rate limit is remembered, and no call waits longer`() throws {
        let credential = try credential()
        throttle.limit(credential, rate: 1, after: .seconds(1_000_000))
        let first = throttle.reserve(credential, within: minutes)
        #expect(!first.exceedsLimit && first.wait <= .seconds(60) && first.wait > .seconds(50))
        let second = throttle.reserve(credential, within: minutes)
        #expect(second.exceedsLimit && second.wait == .seconds(60))
    }

    @Test func `A call without enough time to wait fails and reserves no slot`() throws {
        let credential = try credential()
        throttle.limit(credential, rate: 1, after: .seconds(30))
        for _ in 0..<100 { #expect(throttle.reserve(credential, within: .seconds(1)).exceedsLimit) }
        #expect(throttle.reserve(credential, within: minutes).wait <= .seconds(30))
    }

    @Test func `Another client and another key of the same client do not wait`() throws {
        throttle.limit(try credential(), rate: 2, after: .seconds(30))
        #expect(throttle.reserve(try credential("2"), within: minutes).wait == .zero)
        #expect(throttle.reserve(try credential("1234567", "another-key"), within: minutes).wait == .zero)
    }

    @Test func `No description shows a credential`() throws {
        throttle.limit(try credential("12345678901", "key-never-shown"), rate: 2, after: .seconds(30))
        var dumped = ""
        dump(throttle, to: &dumped)
        #expect(!dumped.contains("12345678901") && !dumped.contains("never-shown"))
    }
}
