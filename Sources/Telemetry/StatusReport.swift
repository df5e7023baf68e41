import Glibc
import JSON

/// The counts of an endpoint's running processes, as JSON. Names are those of PHP-FPM's status page where it has one:
/// `pool` is the endpoint, `accepted conn` counts requests, and `max children reached` counts those rejected because of
/// MAX_IN_FLIGHT.
///
/// The first members are sums over all processes; `processes` lists each of them. Rejected requests count, too. A
/// streamed response that ended with an error counts as that error. `max in flight` is the sum of each process's
/// maximum.
package struct StatusReport: JSONWritable {
    private let endpoint: String
    private let snapshots: ProcessSnapshots

    package init(_ scoreboard: Scoreboard) {
        endpoint = scoreboard.endpoint
        snapshots = scoreboard.snapshots()
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("pool", endpoint)
            if !snapshots.readable.isEmpty { ScoreboardSnapshot(sum: snapshots.readable).writeMembers(to: &json) }
            json.member("total processes", snapshots.readable.count + snapshots.unreadable.count)
            json.member("processes") { json in
                json.array { json in
                    for snapshot in snapshots.readable {
                        json.object {
                            $0.member("pid", snapshot.pid)
                            $0.member("version", snapshot.version)
                            $0.member("draining", snapshot.isDraining)
                            snapshot.writeMembers(to: &$0)
                        }
                    }
                }
            }
            json.member("unreadable processes", snapshots.unreadable)
        }
    }
}

extension ScoreboardSnapshot {
    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.member("start time", started)
        json.member("start since", max(time(nil) - started, 0))
        json.member("accepted conn", requests)
        json.member("in flight", self[.inFlight])
        json.member("max in flight", self[.mostInFlight])
        json.member("max children reached", self[.error(.overloaded)])
        json.member("slow requests", self[.slowRequests])
        json.member("by status") { json in
            json.object { json in
                for status in Set(RequestOutcome.all.map(\.status)).sorted() {
                    let count = RequestOutcome.all.filter { $0.status == status }.map { self[$0] }.reduce(0, +)
                    if count > 0 { json.member(named: "\(status)", count) }
                }
            }
        }
        json.member("by outcome") { json in
            json.object { json in
                for outcome in RequestOutcome.all where self[outcome] > 0 {
                    json.member(named: outcome.name, self[outcome])
                }
            }
        }
        json.member("latency", latency)
        json.member("upstreams") { json in
            json.object { json in
                for upstream in Upstream.allCases where latency(upstream).count > 0 {
                    json.member(named: upstream.name) { writeUpstream(upstream, to: &$0) }
                }
            }
        }
        json.member("urls signed", self[.signedURLs])
        json.member("images copied", self[.copiedImages])
        json.member("images failed", self[.failedImages])
        json.member("bytes relayed", self[.relayedBytes])
        json.member("log lines dropped", self[.droppedLines])
    }

    private func writeUpstream(_ upstream: Upstream, to json: inout JSONWriter) {
        json.object { json in
            for result in UpstreamCall.Result.allCases {
                json.member(named: "\(result)", calls(upstream, result))
            }
            json.member("retries", retries(upstream))
            json.member("latency", latency(upstream))
        }
    }
}

/// `{"count": 3, "ms": 41, "le": {"0.0001": 0, …, "+Inf": 3}}`, where `le` has the number of durations of at most that
/// many seconds.
extension ScoreboardSnapshot.Latency: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("count", count)
            json.member("ms", nanoseconds / 1_000_000)
            json.member("le") { json in
                json.object { json in
                    for (bound, count) in zip(Histogram.labels, cumulative) { json.member(named: bound, count) }
                }
            }
        }
    }
}
