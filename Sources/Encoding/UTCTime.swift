/// A time in whole seconds, with its text forms: the date and the timestamp of SigV4, and ISO 8601.
package struct UTCTime: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    package let seconds: Int

    package init(seconds: Int) {
        self.seconds = seconds
    }

    package static func + (time: UTCTime, seconds: Int) -> UTCTime {
        UTCTime(seconds: time.seconds + seconds)
    }

    /// Days since 1970-01-01. A SigV4 signing key is valid for one day.
    package var day: Int {
        seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }

    /// `20130524`
    package var date: String { String(decoding: digits(stamped: false)[..<8], as: UTF8.self) }

    /// `20130524T000000Z`, the format of X-Amz-Date.
    package var stamp: String { String(decoding: digits(stamped: true), as: UTF8.self) }

    /// `2013-05-24T00:00:00Z`
    package var iso: String {
        let digits = digits(stamped: true)
        var text: [UInt8] = []
        text.reserveCapacity(20)
        for (index, byte) in digits.enumerated() {
            if index == 4 || index == 6 { text.append(.hyphen) }
            if index == 11 || index == 13 { text.append(.colon) }
            text.append(byte)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func digits(stamped: Bool) -> [UInt8] {
        let (year, month, dayOfMonth) = civil(day)
        let second = seconds - day * 86_400
        var text: [UInt8] = []
        text.reserveCapacity(16)
        text.append(decimal: year, width: 4)
        text.append(decimal: month, width: 2)
        text.append(decimal: dayOfMonth, width: 2)
        guard stamped else { return text }
        text.append(UInt8(ascii: "T"))
        text.append(decimal: second / 3600, width: 2)
        text.append(decimal: second / 60 % 60, width: 2)
        text.append(decimal: second % 60, width: 2)
        text.append(UInt8(ascii: "Z"))
        return text
    }
}

/// The proleptic Gregorian date of a day since 1970-01-01. Counts years from March, so that the leap day is the last of
/// its year: Howard Hinnant's `civil_from_days`.
private func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * march + 2) / 5 + 1)
}
