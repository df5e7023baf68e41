import Glibc
import HTTP
import Synchronization

/// One JSON object a line on standard error, each written whole by one write(2). Only names and numbers the code chose and
/// texts that were scrubbed go in: no body, no query, no credential.
package struct Log: Sendable {
    package enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        package static func < (a: Level, b: Level) -> Bool {
            allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
        }
    }

    let endpoint: String
    private let level: Level

    package init(endpoint: String, level: Level) {
        self.endpoint = endpoint
        self.level = level
    }

    package func callAsFunction(_ level: Level, _ message: String, _ more: (inout JSONWriter) -> Void = { _ in }) {
        guard level >= self.level else { return }
        var json = JSONWriter(capacity: 256)
        json.object {
            $0.member("time", now())
            $0.member("level", level.rawValue)
            $0.member("endpoint", endpoint)
            $0.member("version", version)
            $0.member("message", message)
            more(&$0)
        }
        var line = json.bytes
        line.append(UInt8(ascii: "\n"))
        _ = write(2, line, line.count)
    }
}

/// `2026-11-20T12:00:00.123Z`
private func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var text: [UInt8] = []
    text.reserveCapacity(24)
    text.append(secondText(time.tv_sec))
    text.append(".")
    text.append(decimal: time.tv_nsec / 1_000_000, width: 3)
    text.append("Z")
    return String(decoding: text, as: UTF8.self)
}

/// `2026-11-20T12:00:00`, spelt once a second.
private func secondText(_ seconds: Int) -> String {
    latestSecond.withLock { latest in
        if latest.seconds != seconds { latest = (seconds, String(UTCTime(seconds: seconds).iso.dropLast())) }
        return latest.text
    }
}

private let latestSecond = Mutex<(seconds: Int, text: String)>((-1, ""))

extension Settings {
    package mutating func logLevel() -> Log.Level {
        guard let text = optional("LOG_LEVEL") else { return .info }
        if let level = Log.Level(rawValue: text) { return level }
        fail("LOG_LEVEL", "must be one of \(Log.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        return .info
    }
}
