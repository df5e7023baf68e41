import System
import Testing

@testable import JSON
@testable import Telemetry

@Suite struct TimingsTests {
    private func spin(_ milliseconds: Int) {
        let end = MonotonicClock.nanoseconds() + milliseconds * 1_000_000
        while MonotonicClock.nanoseconds() < end {}
    }

    private func members(_ timings: Timings, whole: Int) -> String {
        var json = JSONWriter()
        json.object {
            timings.writeCalls(to: &$0)
            timings.writeWaits(to: &$0, requestMilliseconds: whole)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func number(_ name: String, _ text: String) -> Int? {
        text.split(separator: "\"\(name)\":").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
    }

    @Test func `Parallel calls count once, and the time without a call is the process's own`() throws {
        let timings = Timings()
        let start = MonotonicClock.nanoseconds()
        timings.begin(.r2)
        spin(20)
        timings.begin(.r2)
        spin(20)
        timings.end(.r2)
        timings.end(.r2)
        spin(20)
        for _ in 0..<2 { timings.countCall(.r2, isRetry: false) }
        let whole = (MonotonicClock.nanoseconds() - start) / 1_000_000
        let text = members(timings, whole: whole)
        #expect(number("r2_calls", text) == 2)
        let (r2, own) = (try #require(number("r2_ms", text)), try #require(number("own_ms", text)))
        #expect(r2 >= 40 && own >= 19)
        #expect(r2 + own <= whole + 1, "no time is counted twice")
        #expect(number("slot_ms", text) == 0 && number("pause_ms", text) == 0)
    }

    @Test func `Waits of different kinds overlap, and one under way counts until now`() throws {
        let timings = Timings()
        timings.begin(.cdn)
        timings.begin(.slot)
        spin(10)
        timings.countCall(.cdn, isRetry: true)
        let text = members(timings, whole: 10)
        #expect(try #require(number("cdn_ms", text)) >= 10)
        #expect(try #require(number("slot_ms", text)) >= 10)
        #expect(number("own_ms", text) == 0)
        #expect(number("retries", text) == 1)
    }

    @Test func `Every kind of wait is measured, and the calls of every upstream are counted`() throws {
        let timings = Timings()
        for wait in Timings.Wait.allCases {
            timings.begin(wait)
            timings.end(wait)
        }
        for upstream in Upstream.allCases { timings.countCall(upstream, isRetry: false) }
        let text = members(timings, whole: 0)
        for upstream in Upstream.allCases { #expect(number("\(upstream.name)_calls", text) == 1) }
    }

    @Test func `Upstreams that were not called and images that were not copied are left out`() {
        var json = JSONWriter()
        json.object { Timings().writeCalls(to: &$0) }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "{}")
        let timings = Timings()
        timings.countImage(10)
        timings.countImage(nil)
        let text = members(timings, whole: 0)
        #expect(text.contains(#""images_copied":1,"images_failed":1,"relayed_bytes":10"#))
    }
}
