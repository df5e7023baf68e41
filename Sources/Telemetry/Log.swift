import Encoding
import Glibc
import JSON
import Synchronization

/// The log on standard error. Each line is one JSON object of less than 4096 bytes, written whole or dropped
/// (LogSink.swift). It never contains credentials, a body, or the query of a URL.
///
/// Every line has `time` (UTC), `level`, `endpoint`, `version` and `message`, and `dropped` if lines before it were
/// dropped.
/// - debug: each call to Ozon, R2 and the CDN, when it ends (UpstreamCall.swift).
/// - info: each request (RequestTrace.swift), and the start and end of the process.
/// - warning: a slow request, or an event that an operator may have to act on.
/// - error: a request that ended with a 5xx error, or scopes that could not be reloaded.
package struct Log: Sendable {
    package enum Level: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        package static func < (a: Level, b: Level) -> Bool {
            allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
        }
    }

    package let endpoint: String
    private let level: Level
    private let sink: LogSink

    package init(endpoint: String, level: Level, sink: LogSink) {
        self.endpoint = endpoint
        self.level = level
        self.sink = sink
    }

    /// - Parameter more: writes further members.
    package func callAsFunction(_ level: Level, _ message: String, _ more: (inout JSONWriter) -> Void = { _ in }) {
        guard level >= self.level else { return }
        let dropped = sink.takeDropped()
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.member("time", timestamp())
            $0.member("level", level.rawValue)
            $0.member("endpoint", endpoint)
            $0.member("version", version)
            $0.member("message", message)
            if dropped > 0 { $0.member("dropped", dropped) }
            more(&$0)
        }
        var line = json.bytes
        line.append(.newline)
        sink.write(line, reporting: dropped, isUrgent: level >= .warning)
    }

    /// Writes the buffered lines. Warnings and errors are never buffered.
    package func flush() { sink.flush() }
}

/// The maximum number of bytes of an error message in a log line.
let maxErrorTextBytes = 300

/// The first bytes of a string. A character that is cut off becomes U+FFFD.
package func truncated(_ text: String, toBytes maxBytes: Int) -> String {
    text.utf8.count <= maxBytes ? text : String(decoding: text.utf8.prefix(maxBytes), as: UTF8.self)
}

/// `2026-11-20T12:00:00.123Z`
private func timestamp() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var text: [UInt8] = []
    text.reserveCapacity(24)
    text.append(text: secondText(time.tv_sec))
    text.append(".")
    text.append(decimal: time.tv_nsec / 1_000_000, width: 3)
    text.append("Z")
    return String(decoding: text, as: UTF8.self)
}

/// `2026-11-20T12:00:00`, formatted once a second.
private func secondText(_ seconds: Int) -> String {
    latestSecond.withLock { latest in
        if latest.seconds != seconds { latest = (seconds, String(UTCTime(seconds: seconds).iso.dropLast())) }
        return latest.text
    }
}

private let latestSecond = Mutex<(seconds: Int, text: String)>((-1, ""))
