extension UTCTime {
    /// An HTTP date in any of its three forms, or nil. A two-digit year is read as 20YY, although RFC 9110 would read
    /// 94 as 1994, and the name of the day is not checked against the date. Source: RFC 9110, 5.6.7.
    ///
    ///     Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT · Sun Nov  6 08:49:37 1994
    package init?(httpDate text: String) {
        let words = text.utf8.split { [.space, .comma, .hyphen].contains($0) }
            .map { String(Substring($0)) }
        guard words.count >= 5 else { return nil }
        let isAsctime = number(words[1], digits: 1...2) == nil
        let (day, month, year, time) =
            isAsctime ? (words[2], words[1], words[4], words[3]) : (words[1], words[2], words[3], words[4])
        guard isAsctime ? words.count == 5 : words.count == 6 && words[5] == "GMT",
            let day = number(day, digits: 1...2), (1...31).contains(day),
            let month = months.firstIndex(of: month), let year = number(year, digits: 2...4)
        else { return nil }
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { number($0, digits: 2...2) }
        guard clock.count == 3, let hour = clock[0], hour < 24, let minute = clock[1], minute < 60,
            let second = clock[2], second <= 60
        else { return nil }
        let days = daysSince1970(year: year < 100 ? 2000 + year : year, month: month + 1, day: day)
        self.init(seconds: days * 86_400 + hour * 3600 + minute * 60 + second)
    }
}

private let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

private func number(_ text: some StringProtocol, digits: ClosedRange<Int>) -> Int? {
    let isNumber = text.utf8.allSatisfy(\.isASCIIDigit)
    return isNumber && digits.contains(text.utf8.count) ? Int(text) : nil
}

/// Counts years from March, so that the leap day is the last of its year: Howard Hinnant's `days_from_civil`.
private func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
