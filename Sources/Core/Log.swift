import Glibc
import HTTP
import Synchronization

/// One JSON object a line on standard error, of less than 4096 bytes, each written whole or dropped (LogSink.swift). Only names and
/// numbers the code chose and texts that were scrubbed go in: no body, no query, no credential.
///
/// Every line: `time` (UTC), `level`, `endpoint`, `version`, `message`; `dropped`, if lines before it were lost. Levels:
/// - debug: each call to Ozon, R2 and the CDN, as it ends (Upstream.swift).
/// - info: each request (Trace.swift), the process's start and end.
/// - warning: a slow request; what the operator should look at.
/// - error: a request that ended in a 5xx.
package struct Log: Sendable {
    package enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        package static func < (a: Level, b: Level) -> Bool {
            allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
        }
    }

    let endpoint: String
    private let level: Level
    private let sink: LogSink

    package init(endpoint: String, level: Level, sink: LogSink = LogSink(2)) {
        self.endpoint = endpoint
        self.level = level
        self.sink = sink
    }

    package func callAsFunction(_ level: Level, _ message: String, _ more: (inout JSONWriter) -> Void = { _ in }) {
        guard level >= self.level else { return }
        let dropped = sink.takeDropped()
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.member("time", now())
            $0.member("level", level.rawValue)
            $0.member("endpoint", endpoint)
            $0.member("version", version)
            $0.member("message", message)
            if dropped > 0 { $0.member("dropped", dropped) }
            more(&$0)
        }
        var line = json.bytes
        line.append(UInt8(ascii: "\n"))
        sink.write(line, reporting: dropped, isUrgent: level >= .warning)
    }
}

extension Log {
    /// Writes the lines that wait. Warnings and errors don't wait.
    package func flush() { sink.flush() }
}

/// A text's beginning, in bytes: lines are short enough for a pipe to take them whole.
package func cut(_ text: String, _ most: Int) -> String {
    text.utf8.count <= most ? text : String(decoding: text.utf8.prefix(most), as: UTF8.self)
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
