import FastCGI
import JSON
import Telemetry

/// Pages for operators, at a location that nginx serves to this machine only: the parameter `OZON_R2_STATUS`, which no
/// client can set, holds the location's path, and the last segment of that path names the page (nginx/status.conf).
///
/// - `ping`: `pong`, as plain text.
/// - `status`: JSON (StatusReport.swift).
/// - `metrics`: OpenMetrics (OpenMetrics.swift).
///
/// Status requests are not counted and are exempt from MAX_IN_FLIGHT.
struct StatusPage: Sendable {
    private let scoreboard: Scoreboard

    init(_ scoreboard: Scoreboard) {
        self.scoreboard = scoreboard
    }

    /// Handles status requests, and passes all others on.
    func before(_ handler: @escaping Handler) -> Handler {
        { request in
            if let response = response(to: request) { return response }
            return await handler(request)
        }
    }

    private func response(to request: Request) -> Response? {
        guard let path = request.parameters["OZON_R2_STATUS"] else { return nil }
        let id = requestID(request.parameters)
        switch path.split(separator: "/").last {
        case "ping": return response(200, "text/plain", requestID: id, body: Array("pong\n".utf8))
        case "status":
            return response(200, "application/json", requestID: id, body: JSONWriter.bytes(StatusReport(scoreboard)))
        case "metrics":
            return response(
                200, "application/openmetrics-text; version=1.0.0; charset=utf-8", requestID: id,
                body: openMetrics(scoreboard))
        default:
            var json = JSONWriter()
            json.object {
                $0.member("success", false)
                $0.member("error", "Not found: the pages are ping, status and metrics")
                $0.member("code", "NOT_FOUND")
                $0.member("request_id", id)
            }
            return response(404, "application/json", requestID: id, body: json.bytes)
        }
    }

    private func response(_ status: Int, _ type: StaticString, requestID: String, body: [UInt8]) -> Response {
        Response(head: responseHead(status, type, requestID: requestID) { _ in }, body: .bytes(body))
    }
}
