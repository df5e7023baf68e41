import Foundation

enum Endpoint: String, CaseIterable, CustomStringConvertible {
    case presign = "r2-presigned-url"
    case download = "ozon-download"
    case presignBatch = "r2-presigned-urls"
    case create = "r2-multipart-create"
    case parts = "r2-multipart-parts"
    case resume = "r2-multipart-resume"
    case complete = "r2-multipart-complete"
    case abort = "r2-multipart-abort"
    case pushImages = "ozon-push-images"
    case pushStatus = "ozon-push-status"

    var path: String {
        let folders = ["r2-", "ozon-", "multipart-"]
        return "/api/v1/"
            + folders.reduce(rawValue) { $0.replacingOccurrences(of: $1, with: $1.replacing("-", with: "/")) }
    }
    var description: String { rawValue }
    /// A request that succeeds.
    var goodBody: String {
        switch self {
        case .presign: #"{"r2_path":"users/u/ozon/1/a.jpg"}"#
        case .download: downloadBody(["2194435300"])
        case .presignBatch: #"{"items":[{"r2_path":"users/u/ozon/1/a.jpg"}]}"#
        case .create: #"{"r2_path":"users/u/good.bin","size":6000000}"#
        case .parts:
            #"{"r2_path":"users/u/good.bin","upload_id":"x","size":6000000,"part_size":5242880,"part_numbers":[1]}"#
        case .resume: #"{"r2_path":"users/u/good.bin","upload_id":"unknown","size":6000000}"#
        case .complete: #"{"r2_path":"\#(completed)","upload_id":"completed-before","size":1}"#
        case .abort: #"{"r2_path":"users/u/good.bin","upload_id":"unknown"}"#
        case .pushImages: pushBody(123)
        case .pushStatus: pushBody(123, ["task_id": 1])
        }
    }
    /// Bytes; more are 413.
    var maxBody: Int { self == .presignBatch || self == .complete ? 4 << 20 : 1 << 20 }
}

/// A request of metadata mode; `more` replaces members, NSNull takes one away.
func downloadBody(
    _ articles: [String], client: String = nextClient(), key: String = "good", _ more: [String: Any] = [:]
) -> String {
    let usual: [String: Any] = [
        "credential": ["client_id": client, "api_key": key], "articles": articles, "user_id": "test-user",
        "download_images": false,
    ]
    return jsonText(usual.merging(more) { $1 }.filter { !($0.value is NSNull) })
}

/// A Client-Id that nothing else in this run uses: the stand-in's record is asked by it.
func nextClient() -> String {
    lock.withLock {
        last += 1
        return String(last)
    }
}

private let lock = NSLock()
nonisolated(unsafe) private var last = 1000

/// An nginx, as a browser or curl reaches it. Requests are texts.
struct Site {
    let port: UInt16

    func head(_ target: String, method: String = "POST", _ lines: [String], length: Int?) -> String {
        let sized = length.map { ["Content-Length: \($0)"] } ?? []
        return (["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + lines + sized)
            .joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// The usual headers, without those named and with those given.
    static func headers(without names: [String] = [], with lines: [String] = []) throws -> [String] {
        ["Content-Type: application/json", "X-API-Key: \(try sandbox().key)"].filter { line in
            !names.contains { line.lowercased().hasPrefix($0.lowercased() + ":") }
        } + lines
    }

    /// Sent, and not yet read: many may be under way at once.
    func open(
        _ endpoint: Endpoint, _ body: [UInt8], method: String = "POST", without names: [String] = [],
        with lines: [String] = [], receiveBuffer: Int32? = nil
    ) throws -> Wire {
        let wire = try Wire(port: port, receiveBuffer: receiveBuffer)
        let headers = try Self.headers(without: names, with: lines)
        try wire.send(head(endpoint.path, method: method, headers, length: body.count))
        // nginx may answer and close before it has read all of a large body.
        do { try wire.send(body) } catch let error as WireError where body.count < 1 << 20 { throw error } catch {}
        return wire
    }

    func post(
        _ endpoint: Endpoint, _ body: String, method: String = "POST", without names: [String] = [],
        with lines: [String] = []
    ) throws -> HTTPAnswer {
        try post(endpoint, bytes: Array(body.utf8), method: method, without: names, with: lines)
    }

    func post(
        _ endpoint: Endpoint, bytes: [UInt8], method: String = "POST", without names: [String] = [],
        with lines: [String] = []
    ) throws -> HTTPAnswer {
        try HTTPAnswer(
            try open(endpoint, bytes, method: method, without: names, with: lines).readToEnd())
    }
}

/// A plain HTTP request to any loopback server.
func http(
    _ method: String, port: UInt16, _ target: String, _ headers: [String] = [], body: [UInt8]? = nil
) throws -> HTTPAnswer {
    let wire = try Wire(port: port)
    try wire.send(Site(port: port).head(target, method: method, headers, length: body?.count))
    if let body { try? wire.send(body) }
    return try HTTPAnswer(try wire.readToEnd())
}

/// A request to the whole URL of a loopback server, its target exactly as it stands there.
func send(_ method: String, _ url: String, _ headers: [String] = [], _ body: [UInt8]? = nil) throws -> HTTPAnswer {
    guard let match = url.wholeMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)(\/.*)/), let port = UInt16(match.1) else {
        throw HTTPAnswer.Unreadable(text: url)
    }
    return try http(method, port: port, String(match.2), headers, body: body)
}
