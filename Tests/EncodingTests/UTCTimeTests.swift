import Encoding
import Foundation
import TestSupport
import Testing

@Suite struct UTCTimeTests {
    @Test func `Known times are formatted correctly in all three formats`() {
        let cases = [
            (0, "19700101", "19700101T000000Z", "1970-01-01T00:00:00Z"),
            (1_369_353_600, "20130524", "20130524T000000Z", "2013-05-24T00:00:00Z"),
            (1_709_251_199, "20240229", "20240229T235959Z", "2024-02-29T23:59:59Z"),
            (4_102_444_799, "20991231", "20991231T235959Z", "2099-12-31T23:59:59Z"),
        ]
        for (seconds, date, stamp, iso) in cases {
            let time = UTCTime(seconds: seconds)
            #expect(time.date == date)
            #expect(time.stamp == stamp)
            #expect(time.iso == iso)
        }
    }

    @Test func `Every first and last day of a month from 1900 to 2500 agrees with Foundation's calendar`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for year in 1900...2500 {
            for month in 1...12 {
                let first = try #require(calendar.date(from: DateComponents(year: year, month: month, day: 1)))
                for seconds in [0, -1] {
                    let time = Int(first.timeIntervalSince1970) + seconds
                    let parts = calendar.dateComponents(
                        [.year, .month, .day, .hour, .minute, .second],
                        from: Date(timeIntervalSince1970: Double(time)))
                    let expected = String(
                        format: "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.year!, parts.month!, parts.day!, parts.hour!,
                        parts.minute!, parts.second!)
                    #expect(UTCTime(seconds: time).iso == expected)
                }
            }
        }
    }

    @Test func `A day begins at midnight, also before 1970`() {
        #expect(UTCTime(seconds: 86_399).day == 0)
        #expect(UTCTime(seconds: 86_400).day == 1)
        #expect(UTCTime(seconds: -1).day == -1)
        #expect(UTCTime(seconds: -86_400).day == -1)
        #expect(UTCTime(seconds: -86_401).day == -2)
    }

    @Test func `Adding seconds crosses midnight`() {
        #expect((UTCTime(seconds: 1_709_251_199) + 1).stamp == "20240301T000000Z")
    }
}

@Suite struct NumberTests {
    @Test(arguments: [0, 1, 9, 10, 99, 100, 1000, 604_800, Int.max])
    func `A number is written as Swift writes it`(_ value: Int) {
        var bytes: [UInt8] = []
        bytes.append(decimal: value)
        #expect(text(bytes) == String(value))
    }

    @Test func `A number is padded with zeros and never truncated`() {
        for (value, expected) in [(0, "000"), (7, "007"), (42, "042"), (999, "999"), (1000, "1000")] {
            var bytes: [UInt8] = []
            bytes.append(decimal: value, width: 3)
            #expect(text(bytes) == expected)
        }
    }

    @Test func `Every byte is written as two lowercase hexadecimal digits`() {
        var bytes: [UInt8] = []
        bytes.append(hex: Array(0...255))
        #expect(text(bytes) == hex(0...255))
    }
}

@Suite struct HeadersTests {
    @Test func `Names are case-insensitive and the last header of a name is returned`() {
        let headers = Headers([("Retry-After", "1"), ("X", "2"), ("retry-after", "3")])
        #expect(headers["RETRY-AFTER"] == "3")
        #expect(headers["x"] == "2")
        #expect(headers["Retry"] == nil)
    }
}
