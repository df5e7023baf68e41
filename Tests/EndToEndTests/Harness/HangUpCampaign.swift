import Foundation
import Synchronization
import TestSupport

/// Callers that disconnect at random moments of a request, together with callers that wait and check that the response
/// is to their own request.
final class HangUpCampaign: Sendable {
    enum Route: Sendable {
        case socket(String)
        case nginx(NginxClient)
    }

    struct Tally: Sendable {
        var disconnected = 0
        var served = 0
        /// Responses to other requests, and malformed or missing ones.
        var errors: [String] = []
    }

    let endpoint: Endpoint
    private let route: Route
    private let key: String
    private let tally = Mutex(Tally())
    private let hasEnded = Atomic<Bool>(false)

    init(_ endpoint: Endpoint, _ route: Route) throws {
        (self.endpoint, self.route) = (endpoint, route)
        key = try sandbox().key
    }

    /// Sends requests until the body returns, and until there were enough of them.
    static func run(
        _ endpoint: Endpoint, _ route: Route, disconnecting: Int = 12, waiting: Int = 4, during body: () throws -> Void
    ) throws -> Tally {
        let callers = try HangUpCampaign(endpoint, route)
        let group = DispatchGroup()
        group.enter()
        Thread.detachNewThread {
            onThreads(disconnecting + waiting) { number in
                if number < disconnecting { callers.disconnect() } else { callers.wait(number) }
            }
            group.leave()
        }
        defer {
            callers.hasEnded.store(true, ordering: .relaxed)
            group.wait()
        }
        try body()
        try eventually("enough callers have left and enough were served") {
            callers.tally.withLock { $0.disconnected > 10 && $0.served > 3 || !$0.errors.isEmpty }
        }
        callers.hasEnded.store(true, ordering: .relaxed)
        group.wait()
        return callers.tally.withLock { $0 }
    }

    private var continues: Bool { !hasEnded.load(ordering: .relaxed) }

    // MARK: Callers that disconnect

    private func disconnect() {
        while continues {
            do {
                let connection: SocketConnection
                let request: [UInt8]
                let lines = Bool.random()
                let isSlow = Int.random(in: 0..<4) == 0
                let body = Array(body("leaver", key: isSlow ? "slow-1s" : "good").utf8)
                switch route {
                case .socket(let path):
                    connection = try SocketConnection(path: path, timeout: 2)
                    request = FastCGIConnection.request(
                        body, key: key, keep: Bool.random(),
                        with: [("HTTP_ACCEPT", lines ? "application/x-ndjson" : nil), ("REQUEST_ID", "leaver")])
                case .nginx(let client):
                    connection = try SocketConnection(port: client.port, timeout: 2)
                    let headers = try NginxClient.headers(with: lines ? ["Accept: application/x-ndjson"] : [])
                    request = Array(client.head(endpoint.path, headers, length: body.count).utf8) + body
                }
                try send(request, on: connection)
                tally.withLock { $0.disconnected += 1 }
            } catch {
                // The backlog is full, or the process has just ended. The waiting callers report real errors.
                usleep(1000)
            }
        }
    }

    /// Sends all or part of a request; the connection then closes as it goes out of scope. Most callers disconnect as
    /// soon as the request is sent.
    private func send(_ request: [UInt8], on connection: SocketConnection) throws {
        switch Int.random(in: 0..<8) {
        case 0: try connection.send(Array(request[..<Int.random(in: 1..<request.count)]))
        case 1, 5, 6, 7: try connection.send(request)
        case 2:
            try connection.send(request)
            usleep(UInt32.random(in: 0...3000))
        case 3:
            try connection.send(request)
            _ = try connection.read(atMost: Int.random(in: 1...300))
        default:
            try connection.send(request)
            connection.finish()
            usleep(UInt32.random(in: 0...1000))
        }
    }

    // MARK: Callers that wait

    private func wait(_ number: Int) {
        var count = 0
        var kept: FastCGIConnection?
        var keptUntil = Date.distantPast
        while continues {
            count += 1
            let mark = "W\(number)x\(count)"
            // A draining process serves a kept connection until its peer closes it, so none is kept for long.
            if number % 2 == 0 || Date() > keptUntil { kept = nil }
            do {
                let response: HTTPResponse
                switch route {
                case .socket(let path):
                    let connection = try kept ?? FastCGIConnection(path: path, timeout: 15)
                    if kept == nil { keptUntil = Date(timeIntervalSinceNow: 0.3) }
                    kept = connection
                    response = try connection.post(
                        body(mark), keep: number % 2 == 1, with: [("REQUEST_ID", mark)] + acceptHeader(count))
                case .nginx(let client):
                    let accept = acceptHeader(count).map { "Accept: \($0.1 ?? "")" }
                    response = try client.post(endpoint, body(mark), with: accept)
                }
                check(response, mark)
            } catch {
                kept = nil
                tally.withLock { $0.errors.append("\(mark): \(error)") }
            }
        }
    }

    private func acceptHeader(_ count: Int) -> [(String, String?)] {
        endpoint == .download && count % 3 == 0 ? [("HTTP_ACCEPT", "application/x-ndjson")] : []
    }

    private func check(_ response: HTTPResponse, _ mark: String) {
        var isOwn = response.status == status
        if case .socket = route { isOwn = isOwn && response["X-Request-Id"] == mark }
        if echoes { isOwn = isOwn && response.text.contains("\(mark)~") }
        tally.withLock {
            if isOwn {
                $0.served += 1
            } else {
                $0.errors.append("\(mark): \(response.status) \(response.text.prefix(200))")
            }
        }
    }

    // MARK: Requests whose responses contain their mark

    /// True if the response to a good request contains the request's mark.
    private var echoes: Bool {
        switch endpoint {
        case .presign, .presignBatch, .signRequest, .download, .create, .parts, .resume: true
        case .abort, .complete, .pushImages, .pushStatus: false
        }
    }

    private var status: Int {
        switch endpoint {
        case .presign, .presignBatch, .signRequest, .download, .create, .parts, .resume, .abort, .pushStatus: 200
        case .complete, .pushImages: 404
        }
    }

    private func body(_ mark: String, key: String = "good") -> String {
        // Pushes of the same product wait for each other, so each has another product.
        let product = Int.random(in: 900_000_000..<1_000_000_000)
        let path = "users/u/hang-up/\(mark)~.jpg"
        return switch endpoint {
        case .presign: jsonText(["r2_path": path])
        case .presignBatch: jsonText(["items": [["r2_path": path]]])
        case .download: downloadBody(["\(mark)~"], clientID: "424242", key: key)
        case .signRequest: jsonText(["method": "PUT", "key": path])
        case .create: jsonText(["r2_path": path, "size": 6_000_000])
        case .parts:
            jsonText([
                "r2_path": path, "upload_id": "x", "size": 6_000_000, "part_size": 5_242_880, "part_numbers": [1],
            ])
        case .resume: jsonText(["r2_path": path, "upload_id": "unknown", "size": 6_000_000])
        case .complete: jsonText(["r2_path": path, "upload_id": "unknown", "size": 1])
        case .abort: jsonText(["r2_path": path, "upload_id": "unknown"])
        case .pushImages: pushBody(product, clientID: "424242", key: key, ["images": ["https://img.example/a.jpg"]])
        case .pushStatus: pushBody(product, clientID: "424242", key: key, ["task_id": 1])
        }
    }
}
