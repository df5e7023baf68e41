import JSON
import Telemetry

/// An image that can't be stored, or wasn't copied.
struct ImageFailure: JSONWritable, Sendable {
    let url: String
    let reason: String
    /// The detail of a failure of R2, usually its error code.
    let detail: String?

    func write(to json: inout JSONWriter) {
        json.object {
            // A URL that was rejected for its length may have megabytes.
            $0.member("url", cut(url, 8192))
            $0.member("reason", reason)
            $0.member("detail", ifAny: detail)
        }
    }
}
