import System
import Testing

@testable import JSON
@testable import Telemetry

@Suite struct TimingsTests {
    private func spin(_ milliseconds: Int) {
        let end = MonotonicClock.nanoseconds() + milliseconds * 1_000_000
        while MonotonicClock.nanoseconds() < end {}
    }

    private func members(_ times: Timings, whole: Int) -> String {
        var json = JSONWriter()
        json.object {
            times.writeCalls(to: &$0)
            times.writeWaits(to: &$0, requestMilliseconds: whole)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func number(_ name: String, _ text: String) -> Int? {
        text.split(separator: "\"\(name)\":").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
    }

    @Test func `Two calls side by side count once, and nothing under way is the process's own`() throws {
        let times = Timings()
        let start = MonotonicClock.nanoseconds()
        times.begin(.r2)
        spin(20)
        times.begin(.r2)
        spin(20)
        times.end(.r2)
        times.end(.r2)
        spin(20)
        for _ in 0..<2 { times.countCall(.r2, isRetry: false) }
        let whole = (MonotonicClock.nanoseconds() - start) / 1_000_000
        let text = members(times, whole: whole)
        #expect(number("r2_calls", text) == 2)
        let (r2, own) = (try #require(number("r2_ms", text)), try #require(number("own_ms", text)))
        #expect(r2 >= 40 && own >= 19)
        #expect(r2 + own <= whole + 1, "no time counts twice")
        #expect(number("slot_ms", text) == 0 && number("pause_ms", text) == 0)
    }

    @Test func `Kinds overlap, and what is still under way counts until now`() throws {
        let times = Timings()
        times.begin(.cdn)
        times.begin(.slot)
        spin(10)
        times.countCall(.cdn, isRetry: true)
        let text = members(times, whole: 10)
        #expect(try #require(number("cdn_ms", text)) >= 10)
        #expect(try #require(number("slot_ms", text)) >= 10)
        #expect(number("own_ms", text) == 0)
        #expect(number("retries", text) == 1)
    }

    @Test func `Upstreams that weren't called, and images where there were none, aren't mentioned`() {
        var json = JSONWriter()
        json.object { Timings().writeCalls(to: &$0) }
        #expect(String(decoding: json.bytes, as: UTF8.self) == "{}")
        let times = Timings()
        times.countImage(10)
        times.countImage(nil)
        let text = members(times, whole: 0)
        #expect(text.contains(#""images_copied":1,"images_failed":1,"relayed_bytes":10"#))
    }
}
