import Foundation
import Synchronization
import TestSupport

/// Callers that leave at every moment of a request, beside callers that wait and check that the answer is theirs.
final class HangUps: Sendable {
    enum Way: Sendable {
        case socket(String)
        case site(Site)
    }

    struct Tally: Sendable {
        var left = 0
        var answered = 0
        /// Answers that belong to somebody else, are no answer, or didn't come.
        var faults: [String] = []
    }

    let endpoint: Endpoint
    private let way: Way
    private let key: String
    private let tally = Mutex(Tally())
    private let hasEnded = Atomic<Bool>(false)

    init(_ endpoint: Endpoint, _ way: Way) throws {
        (self.endpoint, self.way) = (endpoint, way)
        key = try sandbox().key
    }

    /// Runs until the body returns.
    static func campaign(
        _ endpoint: Endpoint, _ way: Way, leaving: Int = 12, waiting: Int = 4, during body: () throws -> Void
    ) throws -> Tally {
        let callers = try HangUps(endpoint, way)
        let group = DispatchGroup()
        group.enter()
        Thread.detachNewThread {
            onThreads(leaving + waiting) { number in
                if number < leaving { callers.leave() } else { callers.wait(number) }
            }
            group.leave()
        }
        defer {
            callers.hasEnded.store(true, ordering: .relaxed)
            group.wait()
        }
        try body()
        callers.hasEnded.store(true, ordering: .relaxed)
        group.wait()
        return callers.tally.withLock { $0 }
    }

    private var goesOn: Bool { !hasEnded.load(ordering: .relaxed) }

    // MARK: Those who leave

    private func leave() {
        while goesOn {
            do {
                let wire: Wire
                let request: [UInt8]
                let lines = Bool.random()
                let isSlow = Int.random(in: 0..<4) == 0
                let body = Array(body("leaver", key: isSlow ? "slow-1s" : "good").utf8)
                switch way {
                case .socket(let path):
                    wire = try Wire(path: path, patience: 2)
                    request = FastCGIWire.request(
                        body, key: key, keep: Bool.random(),
                        with: [("HTTP_ACCEPT", lines ? "application/x-ndjson" : nil), ("REQUEST_ID", "leaver")])
                case .site(let site):
                    wire = try Wire(port: site.port, patience: 2)
                    let headers = try Site.headers(with: lines ? ["Accept: application/x-ndjson"] : [])
                    request = Array(site.head(endpoint.path, headers, length: body.count).utf8) + body
                }
                try send(request, on: wire)
                tally.withLock { $0.left += 1 }
            } catch {
                // The backlog is full, or the process of the moment has just gone: the waiting callers notice.
                usleep(1000)
            }
        }
    }

    /// The wire closes as it goes out of scope. The moments are random; most leave as soon as the request is sent.
    private func send(_ request: [UInt8], on wire: Wire) throws {
        switch Int.random(in: 0..<8) {
        case 0: try wire.send(Array(request[..<Int.random(in: 1..<request.count)]))
        case 1, 5, 6, 7: try wire.send(request)
        case 2:
            try wire.send(request)
            usleep(UInt32.random(in: 0...3000))
        case 3:
            try wire.send(request)
            _ = try wire.read(atMost: Int.random(in: 1...300))
        default:
            try wire.send(request)
            wire.finish()
            usleep(UInt32.random(in: 0...1000))
        }
    }

    // MARK: Those who wait

    private func wait(_ number: Int) {
        var count = 0
        var kept: FastCGIWire?
        while goesOn {
            count += 1
            let mark = "W\(number)x\(count)"
            // A process that drains serves a kept connection until its peer closes it.
            if number % 2 == 0 || count % 20 == 0 { kept = nil }
            do {
                let answer: HTTPAnswer
                switch way {
                case .socket(let path):
                    let wire = try kept ?? FastCGIWire(path: path, patience: 15)
                    kept = wire
                    answer = try wire.post(
                        body(mark), keep: number % 2 == 1, with: [("REQUEST_ID", mark)] + linesWanted(by: count))
                case .site(let site):
                    let accept = linesWanted(by: count).map { "Accept: \($0.1 ?? "")" }
                    answer = try site.post(endpoint, body(mark), with: accept)
                }
                check(answer, mark)
            } catch {
                kept = nil
                tally.withLock { $0.faults.append("\(mark): \(error)") }
            }
        }
    }

    private func linesWanted(by count: Int) -> [(String, String?)] {
        endpoint == .download && count % 3 == 0 ? [("HTTP_ACCEPT", "application/x-ndjson")] : []
    }

    private func check(_ answer: HTTPAnswer, _ mark: String) {
        var isOwn = answer.status == status
        if case .socket = way { isOwn = isOwn && answer["X-Request-Id"] == mark }
        if echoes { isOwn = isOwn && answer.text.contains("\(mark)~") }
        tally.withLock {
            if isOwn {
                $0.answered += 1
            } else {
                $0.faults.append("\(mark): \(answer.status) \(answer.text.prefix(200))")
            }
        }
    }

    // MARK: Requests whose answers name them

    /// The answer to a good request holds its mark.
    private var echoes: Bool {
        switch endpoint {
        case .abort, .complete, .pushImages, .pushStatus: false
        default: true
        }
    }

    private var status: Int {
        switch endpoint {
        case .complete, .pushImages: 404
        default: 200
        }
    }

    private func body(_ mark: String, key: String = "good") -> String {
        // Pushes of one product take turns.
        let product = Int.random(in: 900_000_000..<1_000_000_000)
        let path = "users/u/hang-up/\(mark)~.jpg"
        return switch endpoint {
        case .presign: jsonText(["r2_path": path])
        case .presignBatch: jsonText(["items": [["r2_path": path]]])
        case .download: downloadBody(["\(mark)~"], client: "424242", key: key)
        case .create: jsonText(["r2_path": path, "size": 6_000_000])
        case .parts:
            jsonText([
                "r2_path": path, "upload_id": "x", "size": 6_000_000, "part_size": 5_242_880, "part_numbers": [1],
            ])
        case .resume: jsonText(["r2_path": path, "upload_id": "unknown", "size": 6_000_000])
        case .complete: jsonText(["r2_path": path, "upload_id": "unknown", "size": 1])
        case .abort: jsonText(["r2_path": path, "upload_id": "unknown"])
        case .pushImages: pushBody(product, client: "424242", key: key, ["images": ["https://img.example/a.jpg"]])
        case .pushStatus: pushBody(product, client: "424242", key: key, ["task_id": 1])
        }
    }
}
