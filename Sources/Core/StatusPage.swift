import FastCGI
import Glibc

/// What an operator asks a process, on a location that nginx keeps to itself: the parameter `OZON_R2_STATUS`, which no client
/// can set, holds the location's path, and its last segment says what is asked (nginx/status.conf).
///
/// - `ping`: `pong`, as text.
/// - `status`: JSON, with PHP-FPM's names where they fit: `pool` is the endpoint, `accepted conn` counts requests, `max children
///   reached` those refused as over MAX_IN_FLIGHT. The first members are the sums over all living processes; each stands in
///   `processes`. A request refused counts too. A streamed answer that an error ended counts as that error.
///   `max in flight` sums what each had at most.
/// - `metrics`: OpenMetrics (OpenMetrics.swift).
///
/// Asking is no request: nothing of it is counted, and MAX_IN_FLIGHT doesn't hold it up.
struct StatusPage: Sendable {
    private let scoreboard: Scoreboard

    init(_ scoreboard: Scoreboard) {
        self.scoreboard = scoreboard
    }

    /// The handler, with these questions answered before it.
    func before(_ handler: @escaping Handler) -> Handler {
        { request in
            if let page = answer(request) { return page }
            return await handler(request)
        }
    }

    private func answer(_ request: Request) -> Response? {
        guard let path = request.parameters["OZON_R2_STATUS"] else { return nil }
        let id = requestID(request.parameters)
        switch path.split(separator: "/").last {
        case "ping": return response(200, "text/plain", id, Array("pong\n".utf8))
        case "status": return response(200, "application/json", id, status())
        case "metrics":
            let type: StaticString = "application/openmetrics-text; version=1.0.0; charset=utf-8"
            return response(200, type, id, openMetrics(scoreboard.readings().known, endpoint: scoreboard.endpoint))
        default:
            var json = JSONWriter()
            json.object {
                $0.member("success", false)
                $0.member("error", "Not found: there are ping, status and metrics")
                $0.member("code", "NOT_FOUND")
                $0.member("request_id", id)
            }
            return response(404, "application/json", id, json.bytes)
        }
    }

    private func response(_ status: Int, _ type: StaticString, _ requestID: String, _ body: [UInt8]) -> Response {
        Response(head: responseHead(status, type, requestID: requestID) { _ in }, body: .bytes(body))
    }

    private func status() -> [UInt8] {
        let (known, unknown) = scoreboard.readings()
        var json = JSONWriter(capacity: 4096)
        json.object { json in
            json.member("pool", scoreboard.endpoint)
            if !known.isEmpty { Reading(sum: known).writeMembers(to: &json) }
            json.member("total processes", known.count + unknown.count)
            json.member("processes") { json in
                json.array { json in
                    for reading in known {
                        json.object {
                            $0.member("pid", reading.pid)
                            $0.member("version", reading.version)
                            $0.member("draining", reading.isDraining)
                            reading.writeMembers(to: &$0)
                        }
                    }
                }
            }
            // Of another version, whose counts have other places.
            json.member("unreadable processes", unknown)
        }
        return json.bytes
    }
}

extension Reading {
    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.member("start time", started)
        json.member("start since", max(time(nil) - started, 0))
        json.member("accepted conn", requests)
        json.member("in flight", self[.inFlight])
        json.member("max in flight", self[.mostInFlight])
        json.member("max children reached", self[.fault(.overloaded)])
        json.member("slow requests", self[.slowRequests])
        json.member("by status") { json in
            json.object { json in
                for status in Set(Outcome.all.map(\.name.status)).sorted() {
                    let count = Outcome.all.filter { $0.name.status == status }.map { self[$0] }.reduce(0, +)
                    if count > 0 { json.member(named: "\(status)", count) }
                }
            }
        }
        json.member("by outcome") { json in
            json.object { json in
                for outcome in Outcome.all where self[outcome] > 0 {
                    json.member(named: outcome.name.code, self[outcome])
                }
            }
        }
        json.member("latency", latency)
        json.member("upstreams") { json in
            json.object { json in
                for upstream in Upstream.allCases where latency(upstream).count > 0 {
                    json.member(named: upstream.name, UpstreamReading(reading: self, upstream: upstream))
                }
            }
        }
        json.member("urls signed", self[.signedURLs])
        json.member("images copied", self[.copiedImages])
        json.member("images failed", self[.failedImages])
        json.member("bytes relayed", self[.relayedBytes])
        json.member("log lines dropped", self[.droppedLines])
    }
}

private struct UpstreamReading: JSONWritable {
    let reading: Reading
    let upstream: Upstream

    func write(to json: inout JSONWriter) {
        json.object { json in
            for outcome in UpstreamCall.Outcome.allCases {
                json.member(named: "\(outcome)", reading.calls(upstream, outcome))
            }
            json.member("retries", reading.retries(upstream))
            json.member("latency", reading.latency(upstream))
        }
    }
}

/// `{"count": 3, "ms": 41, "le": {"0.0001": 0, …, "+Inf": 3}}`: how many took at most so many seconds.
extension Reading.Latency: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("count", count)
            json.member("ms", nanoseconds / 1_000_000)
            json.member("le") { json in
                json.object { json in
                    for (bound, count) in zip(Histogram.bounds + ["+Inf"], cumulative) {
                        json.member(named: bound, count)
                    }
                }
            }
        }
    }
}
