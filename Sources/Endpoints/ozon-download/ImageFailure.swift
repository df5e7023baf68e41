import JSON
import Telemetry

/// An image that can't be stored, or wasn't copied.
struct ImageFailure: JSONWritable, Sendable {
    let url: String
    let reason: String
    /// Details of an R2 error, usually R2's error code.
    let detail: String?

    func write(to json: inout JSONWriter) {
        json.object {
            // A URL that was rejected for its length may be several megabytes long.
            $0.member("url", truncated(url, toBytes: 8192))
            $0.member("reason", reason)
            $0.member("detail", ifAny: detail)
        }
    }
}
