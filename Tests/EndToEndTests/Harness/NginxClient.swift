import Foundation
import TestSupport

/// Sends requests to an nginx, as a browser or curl does. Requests are text.
struct NginxClient {
    let port: UInt16

    func head(_ target: String, method: String = "POST", _ lines: [String], length: Int?) -> String {
        let sized = length.map { ["Content-Length: \($0)"] } ?? []
        return (["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + lines + sized)
            .joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// The headers of every request, without those named and with those given.
    static func headers(without names: [String] = [], with lines: [String] = []) throws -> [String] {
        ["Content-Type: application/json", "X-API-Key: \(try sandbox().key)"].filter { line in
            !names.contains { line.lowercased().hasPrefix($0.lowercased() + ":") }
        } + lines
    }

    /// Sends a request without reading the response, so that many can be in flight at once.
    func open(
        _ endpoint: Endpoint, _ body: [UInt8], method: String = "POST", without names: [String] = [],
        with lines: [String] = [], receiveBuffer: Int32? = nil
    ) throws -> SocketConnection {
        let connection = try SocketConnection(port: port, receiveBuffer: receiveBuffer)
        let headers = try Self.headers(without: names, with: lines)
        try connection.send(head(endpoint.path, method: method, headers, length: body.count))
        // nginx may respond and close before it has read all of a large body.
        do { try connection.send(body) } catch let error as SocketError where body.count < 1 << 20 { throw error } catch
        {}
        return connection
    }

    func post(
        _ endpoint: Endpoint, _ body: String, method: String = "POST", without names: [String] = [],
        with lines: [String] = []
    ) throws -> HTTPResponse {
        try post(endpoint, bytes: Array(body.utf8), method: method, without: names, with: lines)
    }

    func post(
        _ endpoint: Endpoint, bytes: [UInt8], method: String = "POST", without names: [String] = [],
        with lines: [String] = []
    ) throws -> HTTPResponse {
        try HTTPResponse(try open(endpoint, bytes, method: method, without: names, with: lines).readToEnd())
    }
}

/// Sends an HTTP request to a server on 127.0.0.1.
func http(
    _ method: String, port: UInt16, _ target: String, _ headers: [String] = [], body: [UInt8]? = nil
) throws -> HTTPResponse {
    let connection = try SocketConnection(port: port)
    try connection.send(NginxClient(port: port).head(target, method: method, headers, length: body?.count))
    if let body { try? connection.send(body) }
    return try HTTPResponse(try connection.readToEnd())
}

/// Sends an HTTP request to the URL of a server on 127.0.0.1. The target is sent exactly as it is in the URL.
func send(_ method: String, _ url: String, _ headers: [String] = [], _ body: [UInt8]? = nil) throws -> HTTPResponse {
    guard let match = url.wholeMatch(of: /http:\/\/127\.0\.0\.1:([0-9]+)(\/.*)/), let port = UInt16(match.1) else {
        throw HTTPResponse.Malformed(text: url)
    }
    return try http(method, port: port, String(match.2), headers, body: body)
}
