import Glibc

/// What one request's log line tells. Owned by the request's task.
final class Trace: @unchecked Sendable {
    static let clientWentAway = "client went away"

    let requestID: String
    var fault: Fault?
    /// Of a scoped key; the key itself is never told.
    var keyID: String?
    private let log: Log
    private let start = nanoseconds()

    /// More than MAX_IN_FLIGHT are under way with this one.
    let isOver: Bool

    init(requestID: String, log: Log, isOver: Bool) {
        self.requestID = requestID
        self.isOver = isOver
        self.log = log
    }

    func end(status: Int, bytes: Int) {
        let row = fault?.kind.row
        let gone = fault?.cause == Self.clientWentAway
        let level: Log.Level = gone ? .info : row.map { $0.status >= 500 ? .error : .info } ?? .info
        log(level, "request") { json in
            json.member("request_id", requestID)
            json.member("key_id", ifAny: keyID)
            json.member("status", status)
            json.member("outcome", gone ? "CLIENT_WENT_AWAY" : row?.code ?? "OK")
            json.member("ms", (nanoseconds() - start) / 1_000_000)
            json.member("bytes", bytes)
            if !gone { json.member("cause", ifAny: fault?.cause) }
            json.member("detail", ifAny: fault?.detail)
        }
    }
}

private func nanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int(now.tv_sec) * 1_000_000_000 + Int(now.tv_nsec)
}
