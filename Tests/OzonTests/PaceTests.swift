import Testing

@testable import Ozon

@Suite("Pace")
struct PaceTests {
    private let pace = Pace()

    @Test("without a rate limit nobody waits")
    func free() {
        for _ in 0..<1000 { #expect(pace.turn("1") == .zero) }
    }

    @Test("after a rate limit the first call waits as asked, each further one an interval longer")
    func spaced() {
        pace.slowDown("1", perSecond: 2, after: .seconds(30))
        let turns = (0..<4).map { _ in pace.turn("1") }
        for (number, turn) in turns.enumerated() {
            let expected = Duration.seconds(30) + .milliseconds(500) * number
            #expect(turn <= expected && turn > expected - .seconds(10), "\(number): \(turn)")
        }
        // Differences hold but for the time that passes between the calls.
        for (a, b) in zip(turns, turns.dropFirst()) { #expect(b > a) }
    }

    @Test("where no rate is named, ten a second")
    func usual() {
        pace.slowDown("1", perSecond: nil, after: .seconds(30))
        let turns = (0..<11).map { _ in pace.turn("1") }
        #expect(turns[10] <= .seconds(31) && turns[10] > .seconds(25))
    }

    @Test("a rate of none or less counts as one a second")
    func nonsense() {
        pace.slowDown("1", perSecond: 0, after: .seconds(30))
        _ = pace.turn("1")
        #expect(pace.turn("1") > .seconds(25))
    }

    @Test("another client's calls don't wait")
    func others() {
        pace.slowDown("1", perSecond: 2, after: .seconds(30))
        #expect(pace.turn("2") == .zero)
    }

    @Test("no description shows a Client-Id")
    func secrecy() {
        pace.slowDown("12345678901", perSecond: 2, after: .seconds(30))
        var dumped = ""
        dump(pace, to: &dumped)
        #expect(!dumped.contains("12345678901"))
    }
}
