import Foundation

enum Endpoint: String, CaseIterable, CustomStringConvertible {
    case presign = "r2-presigned-url"
    case download = "ozon-download"

    var path: String {
        "/api/v1/\(rawValue.replacingOccurrences(of: "r2-", with: "r2/").replacingOccurrences(of: "ozon-", with: "ozon/"))"
    }
    var description: String { rawValue }
    /// A request that succeeds.
    var goodBody: String {
        self == .presign ? #"{"r2_path":"users/u/ozon/1/a.jpg"}"# : downloadBody(["2194435300"])
    }
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
